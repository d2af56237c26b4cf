package candor.text;

import candor.text.template.Template.Span;
import java.util.List;

/**
 * A rendered conversation with the parts that the assistant says.
 *
 * @param text what the model reads
 * @param replies the assistant's turns in order, each from behind the generation prompt to behind its end-of-turn text
 */
public record MaskedText(String text, List<Span> replies) {
    public MaskedText {
        replies = List.copyOf(replies);
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
        return new MaskedText(
                other,
                replies.stream()
                        .filter(reply -> reply.start() < end)
                        .map(reply -> new Span(reply.start(), Math.min(reply.end(), end)))
                        .toList());
    }
}
