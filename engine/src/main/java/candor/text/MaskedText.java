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
}
