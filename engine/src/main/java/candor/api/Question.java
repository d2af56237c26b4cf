package candor.api;

import candor.text.Conversation;
import candor.text.Message;
import java.util.List;

/**
 * A conversation that a {@link ChatModel} is to reply to.
 *
 * @param conversation what was said so far, the last of it not by the assistant
 * @param adapter      the name of the adapter that replies, or {@link ChatModel#BASE}
 */
public record Question(Conversation conversation, String adapter) {
    /**
     * A user's first message, put to the base model.
     *
     * @param text what the user says
     * @return the question
     */
    public static Question of(String text) {
        return new Question(new Conversation(List.of(Message.of("user", text))), ChatModel.BASE);
    }

    /**
     * The same put to another.
     *
     * @param adapter its name, as {@link ChatModel#names} has it
     * @return the other question
     */
    public Question to(String adapter) {
        return new Question(conversation, adapter);
    }
}
