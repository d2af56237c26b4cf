package candor.evaluate.ask;

import candor.text.Conversation;
import candor.text.Message;
import java.util.ArrayList;
import java.util.List;

/** What a model is given. */
public sealed interface Prompt {
    /** A conversation, rendered through the model's chat template with the generation prompt. */
    record Chat(Conversation conversation) implements Prompt {
        /** A conversation of texts; an empty system text gives no system message. */
        public static Chat of(String system, Turn... turns) {
            List<Message> messages = new ArrayList<>();
            if (!system.isEmpty()) {
                messages.add(Message.of("system", system));
            }
            for (Turn turn : turns) {
                messages.add(Message.of(turn.role(), turn.text()));
            }
            return new Chat(new Conversation(messages));
        }
    }

    /** Plain text, without any template. */
    record Text(String text) implements Prompt {}

    /** One message of a {@link Chat}. */
    record Turn(String role, String text) {
        public static Turn user(String text) {
            return new Turn("user", text);
        }

        public static Turn assistant(String text) {
            return new Turn("assistant", text);
        }
    }
}
