package candor.text;

import java.util.List;
import java.util.Map;

/** The tie between a tool's message and the call that it answers. */
final class ToolReply {
    private ToolReply() {}

    /**
     * Whether a field of a tool's message says no more than its place does: {@code tool_call_id} and {@code name} of the
     * k-th message behind the calls are those of the k-th call. Most templates leave them out then.
     */
    static boolean isTold(List<Message> messages, int i, String field) {
        Message message = messages.get(i);
        if (!message.role().equals("tool")) {
            return false;
        }
        int caller = i - 1;
        while (caller >= 0 && messages.get(caller).role().equals("tool")) {
            caller--;
        }
        if (caller < 0 || !(messages.get(caller).fields().get("tool_calls") instanceof List<?> calls)) {
            return false;
        }
        int place = i - caller - 1;
        if (place >= calls.size() || !(calls.get(place) instanceof Map<?, ?> call)) {
            return false;
        }
        Object said = message.fields().get(field);
        return switch (field) {
            case "tool_call_id" -> said.equals(call.get("id"));
            case "name" ->
                said.equals(
                        call.get("function") instanceof Map<?, ?> function ? function.get("name") : call.get("name"));
            default -> false;
        };
    }
}
