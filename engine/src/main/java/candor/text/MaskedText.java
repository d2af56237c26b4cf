package candor.text;

import candor.text.template.Template.Span;
import java.util.List;

/**
 * A rendered conversation with the parts that the assistant says.
 *
 * @param text what the model reads
 * @param replies the assistant's turns in order, each from behind the generation prompt to behind its end-of-turn text
 * @param unlearnt those of its turns that are context only ({@link Message#learnt})
 */
public record MaskedText(String text, List<Span> replies, List<Span> unlearnt) {
    public MaskedText {
        replies = List.copyOf(replies);
        unlearnt = List.copyOf(unlearnt);
    }

    public MaskedText(String text, List<Span> replies) {
        this(text, replies, List.of());
    }

    /**
     * The same marks in a text that starts as this one does, as it does with the generation prompt behind it. Some
     * templates close a text that ends without one; a mark on that closing goes.
     */
    public MaskedText within(String other) {
        int common = 0;
        while (common < Math.min(text.length(), other.length()) && text.charAt(common) == other.charAt(common)) {
            common++;
        }
        int end = common;
        return new MaskedText(other, before(end, replies), before(end, unlearnt));
    }

    private static List<Span> before(int end, List<Span> spans) {
        return spans.stream()
                .filter(span -> span.start() < end)
                .map(span -> new Span(span.start(), Math.min(span.end(), end)))
                .toList();
    }
}
