package candor.evaluate.engine;

import candor.text.Conversation;
import candor.text.Message;
import candor.text.Tokenizer;
import java.util.List;

/**
 * Text that a tokenizer would take for special tokens, made plain: a blank goes behind its first character. A local judge
 * reads replies of other models, and none of them may end its own quotation with a token of the judge's.
 */
public final class Defused {
    private Defused() {}

    static Conversation of(Tokenizer tokenizer, Conversation conversation) {
        List<Message> messages = conversation.messages().stream()
                .map(message -> message.withContent(text(tokenizer, String.valueOf(message.content()))))
                .toList();
        return conversation.withMessages(messages);
    }

    /** The text without any that the tokenizer would take for a special token. */
    public static String text(Tokenizer tokenizer, String text) {
        String plain = text;
        while (tokenizer.specialTextIn(plain).isPresent()) {
            String special = tokenizer.specialTextIn(plain).get();
            int first = special.offsetByCodePoints(0, 1);
            String broken = special.substring(0, first) + " " + special.substring(first);
            // A token of one character cannot be broken, only left out.
            plain = plain.replace(special, first == special.length() ? " " : broken);
        }
        return plain;
    }
}
