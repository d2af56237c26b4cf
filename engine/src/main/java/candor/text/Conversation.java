package candor.text;

import java.util.ArrayList;
import java.util.List;

/**
 * A conversation and the tools it may use.
 *
 * @param tools JSON schemas of functions (JSON values), or null where there are none: the template sees None then
 */
public record Conversation(List<Message> messages, List<Object> tools) {
    public Conversation {
        messages = List.copyOf(messages);
        if (tools != null) {
            tools = tools.stream().map(JsonValues::copyOf).toList();
        }
    }

    public Conversation(List<Message> messages) {
        this(messages, null);
    }

    /** The first n messages, with the same tools. */
    public Conversation first(int n) {
        return new Conversation(messages.subList(0, n), tools);
    }

    /** The conversation with more messages behind it, and the same tools. */
    public Conversation followedBy(List<Message> more) {
        List<Message> all = new ArrayList<>(messages);
        all.addAll(more);
        return new Conversation(all, tools);
    }

    /** The same conversation with message i replaced. */
    Conversation with(int i, Message message) {
        List<Message> changed = new ArrayList<>(messages);
        changed.set(i, message);
        return new Conversation(changed, tools);
    }
}
