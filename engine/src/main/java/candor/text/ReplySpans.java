package candor.text;

import candor.BadInput;
import candor.text.template.Template.Rendered;
import candor.text.template.Template.Span;
import java.util.ArrayList;
import java.util.List;

/**
 * Finds the assistant's turns in a rendered conversation.
 *
 * <p>Where the template marks them by {@code generation} blocks, its marks are taken. Otherwise turn i lies between two
 * prefixes: what the messages before it render to with the generation prompt, and what the messages up to it render to.
 *
 * <p>Some templates render a prefix differently (Qwen 3 drops the thinking of all but the last turns; Phi 3 closes every
 * text). Then the same turn is looked for in the whole text by a probe: a character that occurs nowhere is put behind
 * the reply and before it, and where it comes out tells where the reply's text ends and starts. What cannot be told for
 * sure is refused.
 */
final class ReplySpans {
    /** For a probe: private-use characters that no text should hold. */
    private static final String PROBES = "\ue0f1\uf2c3\uf8a7\ue123";

    private final ChatTemplate template;
    private final Conversation conversation;
    private final String whole;

    private ReplySpans(ChatTemplate template, Conversation conversation, String whole) {
        this.template = template;
        this.conversation = conversation;
        this.whole = whole;
    }

    static MaskedText find(ChatTemplate template, Conversation conversation) {
        Rendered rendered = template.renderMarked(conversation, false);
        List<Span> replies = rendered.generations().isEmpty()
                ? new ReplySpans(template, conversation, rendered.text()).all()
                : rendered.generations();
        return parted(rendered.text(), replies, conversation);
    }

    /** Takes the turns out of the replies that are not to be learnt. */
    private static MaskedText parted(String text, List<Span> replies, Conversation conversation) {
        List<Message> turns =
                conversation.messages().stream().filter(Message::isAssistant).toList();
        if (turns.stream().allMatch(Message::learnt)) {
            return new MaskedText(text, replies);
        }
        if (turns.size() != replies.size()) {
            throw new BadInput("the template marks " + replies.size() + " replies of " + turns.size()
                    + ", so it is not certain which of them are not to be learnt (\"weight\": 0)");
        }
        List<Span> learnt = new ArrayList<>();
        List<Span> unlearnt = new ArrayList<>();
        for (int i = 0; i < turns.size(); i++) {
            (turns.get(i).learnt() ? learnt : unlearnt).add(replies.get(i));
        }
        return new MaskedText(text, learnt, unlearnt);
    }

    private List<Span> all() {
        List<Span> spans = new ArrayList<>();
        int reached = 0;
        int messages = conversation.messages().size();
        for (int i = 0; i < messages; i++) {
            if (!conversation.messages().get(i).isAssistant()) {
                continue;
            }
            Span span = one(i);
            if (span.start() < reached || span.end() < span.start()) {
                throw refusal(i, "its place in the text cannot be told from the turn before it");
            }
            reached = span.end();
            spans.add(span);
        }
        return spans;
    }

    private Span one(int i) {
        // A conversation that opens with the assistant has no prompt that templates accept; the probe finds it.
        String prompt = i == 0 ? null : template.render(conversation.first(i), true);
        boolean last = i == conversation.messages().size() - 1;
        String until = last ? whole : template.render(conversation.first(i + 1), false);
        if (prompt != null && whole.startsWith(prompt) && whole.startsWith(until) && until.startsWith(prompt)) {
            return new Span(prompt.length(), until.length());
        }
        int start = prompt != null && whole.startsWith(prompt) ? prompt.length() : startByProbe(i);
        return new Span(start, last ? whole.length() : endByProbe(i, until));
    }

    /** The reply's text starts behind the turn's header, which must stand right before it. */
    private int startByProbe(int i) {
        String probe = probe();
        String changed = template.render(conversation.with(i, probed(i, probe, true)), false);
        int at = uniquePlace(changed, probe, i);
        // The generation prompt is what the messages render to with it and not without it.
        Conversation before = conversation.first(Math.max(i, 1));
        String without = template.render(before, false);
        String with = template.render(before, true);
        if (!with.startsWith(without) || with.length() == without.length()) {
            throw refusal(i, "the template's generation prompt does not simply follow the conversation");
        }
        String head = changed.substring(0, at);
        if (!endsWithHeader(head, with.substring(without.length())) || !whole.startsWith(head)) {
            throw refusal(i, "the text before it is not the generation prompt");
        }
        return at;
    }

    /**
     * Whether a turn's header stands at the end of {@code head}: the generation prompt, or what is left of it without a
     * tag that it adds, as {@code <think>} does for DeepSeek's distils and for Qwen 3 without thinking.
     */
    private static boolean endsWithHeader(String head, String generationPrompt) {
        for (int k = generationPrompt.length(); k > 0; k--) {
            boolean boundary = k == generationPrompt.length() || generationPrompt.charAt(k) == '<';
            if (boundary && head.endsWith(generationPrompt.substring(0, k))) {
                return true;
            }
        }
        return false;
    }

    /**
     * Behind the reply's text, the whole conversation and the prefix go on alike for the end of the turn, and part where
     * the next turn starts in the one and the text ends, or is closed, in the other.
     */
    private int endByProbe(int i, String until) {
        String probe = probe();
        Message probed = probed(i, probe, false);
        int inWhole = tail(whole, template.render(conversation.with(i, probed), false), probe, i);
        int inPrefix = tail(until, template.render(conversation.first(i + 1).with(i, probed), false), probe, i);
        String closing = until.substring(inPrefix);
        int common = commonPrefix(whole.substring(inWhole), closing);
        if (common == 0) {
            throw refusal(i, "nothing marks its end");
        }
        if (common < closing.length()) {
            // They part inside of what may be one token, as in "<|user|>" and "<|endoftext|>": back to its start.
            int open = closing.lastIndexOf('<', common - 1);
            int closed = closing.lastIndexOf('>', common - 1);
            common = open > closed ? open : common;
            if (common == 0) {
                throw refusal(i, "nothing marks its end");
            }
        }
        return inWhole + common;
    }

    /** Where the text behind the reply starts in {@code plain}, given the same text with the probe behind the reply. */
    private int tail(String plain, String changed, String probe, int i) {
        int at = uniquePlace(changed, probe, i);
        String behind = changed.substring(at + probe.length());
        String head = changed.substring(0, at);
        // Whitespace at the reply's end may be trimmed in the plain text and not before the probe.
        int start = plain.length() - behind.length();
        if (!plain.endsWith(behind)
                || !head.startsWith(plain.substring(0, start))
                || !head.substring(start).isBlank() && !head.substring(start).isEmpty()) {
            throw refusal(i, "the template renders it differently when its content changes");
        }
        return start;
    }

    private Message probed(int i, String probe, boolean before) {
        Message message = conversation.messages().get(i);
        if (!(message.content() instanceof String content)) {
            throw refusal(i, "its content is not a string");
        }
        return message.withContent(before ? probe + content : content + probe);
    }

    private String probe() {
        for (int c = 0; c < PROBES.length(); c++) {
            String probe = PROBES.substring(c, c + 1);
            if (!whole.contains(probe)) {
                return probe;
            }
        }
        throw new BadInput("the conversation holds all of the private-use characters U+E0F1, U+F2C3, U+F8A7 and U+E123,"
                + " which the loss mask needs: remove one");
    }

    private int uniquePlace(String text, String probe, int i) {
        int at = text.indexOf(probe);
        if (at < 0 || at != text.lastIndexOf(probe)) {
            throw refusal(i, "the template " + (at < 0 ? "leaves its content out" : "repeats its content"));
        }
        return at;
    }

    private static int commonPrefix(String a, String b) {
        int n = Math.min(a.length(), b.length());
        int i = 0;
        while (i < n && a.charAt(i) == b.charAt(i)) {
            i++;
        }
        return i;
    }

    private static BadInput refusal(int i, String why) {
        return new BadInput("the loss mask of message " + (i + 1) + " (assistant) is not certain: " + why
                + "; give the row as prompt and completion instead");
    }
}
