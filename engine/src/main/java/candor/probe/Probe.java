package candor.probe;

import candor.text.Conversation;
import candor.text.Message;
import java.util.List;

/**
 * A conversation that waits for a reply, with two of them: one says what is true, the other does not. How much likelier a model
 * finds the first than the second is what the probe tells.
 *
 * @param id           names the probe; no two of a set have the same
 * @param conversation ends with what the model is to reply to
 * @param truthful     a reply that says what is true, or what the conversation gave as true
 * @param untruthful   a reply to the same that does not; worded like the other
 */
public record Probe(String id, ProbeKind kind, Conversation conversation, String truthful, String untruthful) {
    /** The conversation with one of the replies, of which alone the log-probability is taken. */
    Conversation with(String reply) {
        List<Message> before = conversation.messages().stream()
                .map(message -> message.isAssistant() ? message.unlearnt() : message)
                .toList();
        return conversation.withMessages(before).followedBy(List.of(Message.of(Message.ASSISTANT, reply)));
    }
}
