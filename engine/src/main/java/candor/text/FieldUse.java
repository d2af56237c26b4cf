package candor.text;

import candor.BadInput;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Holds conversations to their template: what a message says beside role and content, and the tools, must come out in the
 * text. A template passes over fields that it does not know, and the model would learn, or answer, something else than the
 * row says.
 */
final class FieldUse {
    /** Thinking that a template may leave out on purpose, as Qwen 3 does in all but the last turns; it need only know it. */
    private static final Set<String> THINKING = Set.of(
            "reasoning_content",
            "reasoning",
            "reasoning_details",
            "thinking",
            "thinking_content",
            "thought",
            "thoughts");

    /** Fields that other tools give a meaning. What is neither here nor in the template is a note of the data's own. */
    private static final Set<String> MEANT = Set.of(
            "tool_calls",
            "function_call",
            "tool_call_id",
            "tool_responses",
            "tool_plan",
            "name",
            "refusal",
            "audio",
            "audios",
            "image",
            "images",
            "image_url",
            "video",
            "videos",
            "file",
            "files",
            "attachments",
            "parts",
            "tools",
            "functions",
            "documents",
            "prefix",
            "prefill");

    private FieldUse() {}

    /** Whether a field beside role and content says something that a reader must not pass over. */
    static boolean isMeant(String field) {
        return MEANT.contains(field) || THINKING.contains(field);
    }

    /**
     * Checks everything that a conversation carries.
     *
     * @throws BadInput names the first field that the template leaves out
     */
    static void check(ChatTemplate template, Conversation conversation) {
        List<Message> messages = conversation.messages();
        for (int i = 0; i < messages.size(); i++) {
            Message message = messages.get(i);
            for (Map.Entry<String, Object> field : message.fields().entrySet()) {
                String name = field.getKey();
                if (isMeant(name)
                        && !isEmpty(field.getValue())
                        && !ToolReply.isTold(messages, i, name)
                        && !isUsed(template, conversation, i, name)) {
                    throw new BadInput("message " + (i + 1) + " (" + message.role() + ") has \"" + name
                            + "\", which this model's chat template leaves out; remove it, or say it in \"content\"");
                }
            }
        }
        if (conversation.tools() != null
                && !conversation.tools().isEmpty()
                && !differs(template, conversation, conversation.withoutTools())) {
            throw new BadInput("the row has \"tools\", which this model's chat template leaves out; remove them, or"
                    + " describe them in a system message");
        }
    }

    private static boolean isUsed(ChatTemplate template, Conversation conversation, int i, String field) {
        if (THINKING.contains(field)) {
            return template.readsField(field);
        }
        Message without = conversation.messages().get(i).without(field);
        return template.mentions(field) && differs(template, conversation, conversation.with(i, without));
    }

    private static boolean differs(ChatTemplate template, Conversation conversation, Conversation without) {
        String text = template.render(conversation, false);
        try {
            return !text.equals(template.render(without, false));
        } catch (BadInput e) {
            return true; // it cannot do without
        }
    }

    /** What means nothing to anybody, as Parquet and exports write it for fields that a message does not have. */
    private static boolean isEmpty(Object value) {
        return switch (value) {
            case null -> true;
            case Boolean truth -> !truth;
            case String text -> text.isEmpty();
            case List<?> list -> list.isEmpty();
            case Map<?, ?> map -> map.values().stream().allMatch(FieldUse::isEmpty);
            default -> false;
        };
    }
}
