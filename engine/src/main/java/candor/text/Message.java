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
    /** The role whose messages are learnt. */
    public static final String ASSISTANT = "assistant";

    /**
     * With a copy of the fields.
     *
     * @throws BadInput without a role that is a string
     */
    public Message {
        if (!(fields.get("role") instanceof String)) {
            throw new BadInput("a message has no \"role\", or one that is not a string");
        }
        fields = JsonValues.copyOfMap(fields);
    }

    /**
     * One that is learnt where it is the assistant's.
     *
     * @param fields JSON values
     */
    public Message(Map<String, Object> fields) {
        this(fields, true);
    }

    /**
     * A message of text.
     *
     * @param role    {@code system}, {@code user}, {@link #ASSISTANT}, or another one that the template knows
     * @param content what is said
     * @return the message
     */
    public static Message of(String role, String content) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("role", role);
        fields.put("content", content);
        return new Message(fields);
    }

    /**
     * Who says it.
     *
     * @return the field of that name
     */
    public String role() {
        return (String) fields.get("role");
    }

    /**
     * What is said.
     *
     * @return a string, a list of parts, or null where there is none
     */
    public Object content() {
        return fields.get("content");
    }

    /**
     * Whether the assistant says it.
     *
     * @return whether the role is {@link #ASSISTANT}
     */
    public boolean isAssistant() {
        return role().equals(ASSISTANT);
    }

    /**
     * The same message with another content.
     *
     * @param content a string or a list of parts
     * @return the changed one
     */
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

    /**
     * The same message as context only.
     *
     * @return one that is not learnt
     */
    public Message unlearnt() {
        return new Message(fields, false);
    }
}
