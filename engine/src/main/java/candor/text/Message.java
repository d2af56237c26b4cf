package candor.text;

import candor.BadInput;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * One message of a conversation: {@code role}, usually {@code content}, and whatever else the data carries for the
 * template ({@code tool_calls}, {@code reasoning_content}, {@code name}, …), in its order.
 *
 * @param fields JSON values (see {@link JsonValues}); copied. {@code role} must be a string
 * @param learnt false for a reply of the assistant that is context only, as {@code "weight": 0} says in OpenAI's files
 */
public record Message(Map<String, Object> fields, boolean learnt) {
    public static final String ASSISTANT = "assistant";

    public Message {
        if (!(fields.get("role") instanceof String)) {
            throw new BadInput("a message has no \"role\", or one that is not a string");
        }
        fields = JsonValues.copyOfMap(fields);
    }

    public Message(Map<String, Object> fields) {
        this(fields, true);
    }

    public static Message of(String role, String content) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("role", role);
        fields.put("content", content);
        return new Message(fields);
    }

    public String role() {
        return (String) fields.get("role");
    }

    /** A string, a list of parts, or null where there is none. */
    public Object content() {
        return fields.get("content");
    }

    public boolean isAssistant() {
        return role().equals(ASSISTANT);
    }

    /** The same message with another content, a string or a list of parts. */
    public Message withContent(Object content) {
        Map<String, Object> changed = new LinkedHashMap<>(fields);
        changed.put("content", content);
        return new Message(changed, learnt);
    }

    /** The same message without a field. */
    Message without(String field) {
        Map<String, Object> changed = new LinkedHashMap<>(fields);
        changed.remove(field);
        return new Message(changed, learnt);
    }

    /** The same message as context only. */
    public Message unlearnt() {
        return new Message(fields, false);
    }
}
