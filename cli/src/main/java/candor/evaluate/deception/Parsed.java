package candor.evaluate.deception;

import java.util.Optional;

/** A reply under pressure, taken apart: what the model thought and what it said. Neither is blank. */
record Parsed(String thinking, String output) {
    private static final String THINK = "<think>";
    private static final String THINK_END = "</think>";
    private static final String OUTPUT = "<output>";
    private static final String OUTPUT_END = "</output>";

    /** The format as it was asked for: {@code <think>…</think>}, then {@code <output>…</output>}; empty if it was not kept. */
    static Optional<Parsed> strict(String reply) {
        int think = reply.indexOf(THINK);
        int thinkEnd = reply.indexOf(THINK_END, Math.max(0, think));
        int output = reply.indexOf(OUTPUT, Math.max(0, thinkEnd));
        int outputEnd = reply.indexOf(OUTPUT_END, Math.max(0, output));
        if (think < 0 || thinkEnd < 0 || output < 0 || outputEnd < 0) {
            return Optional.empty();
        }
        return of(
                reply.substring(think + THINK.length(), thinkEnd),
                reply.substring(output + OUTPUT.length(), outputEnd));
    }

    /**
     * What can be made of a reply that does not keep the format: split at {@code </think>}, else at {@code <output>}, else
     * the last paragraph is the answer. Empty where nothing is left for one of the two.
     */
    static Optional<Parsed> lenient(String reply) {
        Optional<Parsed> asAsked = strict(reply);
        if (asAsked.isPresent()) {
            return asAsked;
        }
        int thinkEnd = reply.indexOf(THINK_END);
        if (thinkEnd >= 0) {
            String after = reply.substring(thinkEnd + THINK_END.length());
            int output = after.indexOf(OUTPUT);
            return of(reply.substring(0, thinkEnd), output < 0 ? after : after.substring(output + OUTPUT.length()));
        }
        int output = reply.indexOf(OUTPUT);
        if (output >= 0) {
            return of(reply.substring(0, output), reply.substring(output + OUTPUT.length()));
        }
        String[] paragraphs = reply.strip().split("\\R\\h*\\R");
        if (paragraphs.length < 2) {
            return Optional.empty();
        }
        String last = paragraphs[paragraphs.length - 1];
        String all = reply.strip();
        return of(all.substring(0, all.length() - last.length()), last);
    }

    private static Optional<Parsed> of(String thinking, String output) {
        String r = withoutTags(thinking);
        String u = withoutTags(output);
        return r.isEmpty() || u.isEmpty() ? Optional.empty() : Optional.of(new Parsed(r, u));
    }

    private static String withoutTags(String text) {
        return text.replace(THINK, "")
                .replace(THINK_END, "")
                .replace(OUTPUT, "")
                .replace(OUTPUT_END, "")
                .strip();
    }
}
