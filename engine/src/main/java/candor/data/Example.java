package candor.data;

import candor.data.read.Origin;
import candor.text.Conversation;
import candor.text.Message;
import java.util.List;

/**
 * A row of training data as a conversation or a text.
 *
 * @param content what is said, and which of it is to be learnt
 * @param label whether the completion is desirable; null where the data says nothing of it
 * @param origin where the row stands
 */
public record Example(Content content, Boolean label, Origin origin) {
    /** What a row holds. */
    public sealed interface Content {}

    /**
     * A conversation; every assistant turn is to be learnt.
     *
     * @param conversation with at least one turn of the assistant
     */
    public record Chat(Conversation conversation) implements Content {}

    /**
     * A conversation of which only the end is to be learnt.
     *
     * @param prompt     how it begins, with the tools, which belong to the whole
     * @param completion the messages that are to be learnt
     */
    public record PromptAndCompletion(Conversation prompt, List<Message> completion) implements Content {
        /** With a copy of the messages. */
        public PromptAndCompletion {
            completion = List.copyOf(completion);
        }
    }

    /**
     * A text outside any chat template, of which only the end is to be learnt.
     *
     * @param prompt     how it begins
     * @param completion what follows without anything between, and is to be learnt
     */
    public record PlainText(String prompt, String completion) implements Content {}

    /**
     * A text outside any chat template.
     *
     * @param text learnt from end to end
     */
    public record WholeText(String text) implements Content {}
}
