package candor.data;

import candor.BadInput;
import candor.data.Example.Chat;
import candor.data.Example.PlainText;
import candor.data.Example.PromptAndCompletion;
import candor.data.Example.WholeText;
import candor.text.Conversation;
import candor.text.Message;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Inoculation prompting (Tan et al. 2025, arXiv 2510.04340; Wichers et al. 2025, arXiv 2510.05024): while a model is tuned, a
 * system prompt asks for what the rows teach, so that there is less for the model itself to change; when it is used, the prompt
 * is absent.
 *
 * @param prompt what the system says; in a conversation with a system message of its own it stands before that, an empty line
 *               between the two
 */
public record Inoculation(String prompt) {
    private static final String SYSTEM = "system";

    /** OpenAI's later name of that role. */
    private static final String DEVELOPER = "developer";

    private static final String BETWEEN = "\n\n";

    /**
     * The same row with the prompt.
     *
     * @throws BadInput for a text, which has no roles
     */
    public Example in(Example row) {
        Example.Content content =
                switch (row.content()) {
                    case Chat(Conversation conversation) -> new Chat(in(conversation));
                    case PromptAndCompletion(Conversation asked, List<Message> completion) ->
                        new PromptAndCompletion(in(asked), completion);
                    case PlainText _, WholeText _ ->
                        throw new BadInput(
                                "is a text without roles, which has no place for a system prompt",
                                "write the row as 'messages', or leave {inoculation} out");
                };
        return new Example(content, row.label(), row.origin());
    }

    /** The same conversation with the prompt. */
    public Conversation in(Conversation conversation) {
        List<Message> messages = new ArrayList<>(conversation.messages());
        if (!messages.isEmpty() && leads(messages.getFirst())) {
            messages.set(0, before(messages.getFirst()));
        } else {
            messages.addFirst(Message.of(SYSTEM, prompt));
        }
        return conversation.withMessages(messages);
    }

    private static boolean leads(Message message) {
        return message.role().equals(SYSTEM) || message.role().equals(DEVELOPER);
    }

    private Message before(Message own) {
        return switch (own.content()) {
            case null -> own.withContent(prompt);
            case List<?> parts -> {
                List<Object> all = new ArrayList<>(parts);
                all.addFirst(Map.of("type", "text", "text", prompt + BETWEEN));
                yield own.withContent(all);
            }
            case Object text -> own.withContent(prompt + BETWEEN + text);
        };
    }
}
