package candor.cli;

import candor.text.MaskedText;
import candor.text.template.Template.Span;

/** A rendered conversation for a person's eyes: what the loss counts stands out, and nothing acts on the terminal. */
final class MaskView {
    private static final String IN_LOSS = "\u001b[30;42m";
    private static final String PLAIN = "\u001b[0m";

    private MaskView() {}

    static String show(MaskedText masked, boolean colored, boolean brackets) {
        StringBuilder out = new StringBuilder();
        int reached = 0;
        for (Span reply : masked.replies()) {
            out.append(printable(masked.text().substring(reached, reply.start())));
            String inside = printable(masked.text().substring(reply.start(), reply.end()));
            out.append(brackets ? "⟦" : "");
            // A colour is ended at every line's end, or a terminal paints the rest of the line with it.
            out.append(colored ? IN_LOSS + inside.replace("\n", PLAIN + "\n" + IN_LOSS) + PLAIN : inside);
            out.append(brackets ? "⟧" : "");
            reached = reply.end();
        }
        return out.append(printable(masked.text().substring(reached))).toString();
    }

    /** Control and direction-changing characters as escapes; line breaks and tabs stay. */
    static String printable(String text) {
        StringBuilder out = new StringBuilder(text.length());
        text.codePoints().forEach(c -> {
            boolean directs = (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
            if (c != '\n' && c != '\t' && (Character.isISOControl(c) || directs)) {
                out.append(String.format("\\u%04x", c));
            } else {
                out.appendCodePoint(c);
            }
        });
        return out.toString();
    }
}
