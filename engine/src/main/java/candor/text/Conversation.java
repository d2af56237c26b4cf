package candor.text;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A conversation and the tools it may use.
 *
 * @param messages  in their order
 * @param tools     JSON schemas of functions (JSON values), or null where there are none: the template sees None then
 * @param variables what the template is given beside it, such as {@code enable_thinking} (JSON values); they win over the
 *                  template's own
 */
public record Conversation(List<Message> messages, List<Object> tools, Map<String, Object> variables) {
    /** With copies of what is given. */
    public Conversation {
        messages = List.copyOf(messages);
        if (tools != null) {
            tools = tools.stream().map(JsonValues::copyOf).toList();
        }
        variables = JsonValues.copyOfMap(variables);
    }

    /**
     * One whose template is told nothing besides.
     *
     * @param messages in their order
     * @param tools    JSON schemas of functions, or null
     */
    public Conversation(List<Message> messages, List<Object> tools) {
        this(messages, tools, Map.of());
    }

    /**
     * One without tools.
     *
     * @param messages in their order
     */
    public Conversation(List<Message> messages) {
        this(messages, null);
    }

    /**
     * The beginning, with the same tools.
     *
     * @param n how many messages
     * @return a conversation of these
     */
    public Conversation first(int n) {
        return withMessages(messages.subList(0, n));
    }

    /**
     * The conversation with more messages behind it, and the same tools.
     *
     * @param more what is said next
     * @return the longer one
     */
    public Conversation followedBy(List<Message> more) {
        List<Message> all = new ArrayList<>(messages);
        all.addAll(more);
        return withMessages(all);
    }

    /**
     * Other messages with the same tools.
     *
     * @param others in their order
     * @return a conversation of these
     */
    public Conversation withMessages(List<Message> others) {
        return new Conversation(others, tools, variables);
    }

    /** The same conversation with message i replaced. */
    Conversation with(int i, Message message) {
        List<Message> changed = new ArrayList<>(messages);
        changed.set(i, message);
        return withMessages(changed);
    }

    /** The same messages without tools. */
    Conversation withoutTools() {
        return new Conversation(messages, null, variables);
    }
}
