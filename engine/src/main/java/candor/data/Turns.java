package candor.data;

import candor.text.JsonValues;
import candor.text.Message;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Takes conversations out of columns, and says in the row's words what is wrong with them. */
final class Turns {
    private static final Set<String> ROLES = Set.of("system", "user", "assistant", "tool");
    private static final String CALL = "function_call";

    /** ShareGPT's names for the roles; the last three are LLaMA-Factory's. */
    private static final Map<String, String> SPEAKERS = Map.of(
            "human",
            "user",
            "user",
            "user",
            "gpt",
            "assistant",
            "assistant",
            "assistant",
            "system",
            "system",
            "tool",
            "tool",
            "observation",
            "tool",
            CALL,
            "assistant");

    private Turns() {}

    /** A column's conversation; never empty. In CSV it stands in its cell as JSON. */
    static List<Message> messages(ObjectNode columns, String name) throws InvalidRow {
        JsonNode node = Cells.list(columns, name, "a list of messages");
        if (node == null) {
            throw new InvalidRow("'" + name + "' is missing");
        }
        if (!(node instanceof ArrayNode turns)) {
            throw new InvalidRow("'" + name + "' is " + Cells.kind(node) + ", expected a list of messages");
        }
        if (turns.isEmpty()) {
            throw new InvalidRow("'" + name + "' is empty");
        }
        List<Message> messages = new ArrayList<>(turns.size());
        for (JsonNode turn : turns) {
            messages.add(message(turn, "message " + (messages.size() + 1) + " of '" + name + "'"));
        }
        return messages;
    }

    private static Message message(JsonNode node, String what) throws InvalidRow {
        if (!(node instanceof ObjectNode turn)) {
            throw new InvalidRow(what + " is " + Cells.kind(node) + ", expected an object with role and content");
        }
        boolean shareGpt = turn.has("from") && !turn.has("role");
        String named = Cells.text(turn.get(shareGpt ? "from" : "role"), "the role of " + what);
        String role = shareGpt ? SPEAKERS.get(named) : named;
        if (role == null || !ROLES.contains(role)) {
            throw new InvalidRow(what + " has the unknown role '" + Cells.shortened(named) + "'");
        }
        JsonNode said = turn.get(shareGpt ? "value" : "content");
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("role", role);
        if (shareGpt && named.equals(CALL)) {
            fields.put("content", null);
            fields.put("tool_calls", calls(said, what));
        } else {
            // Whoever calls a tool need not say anything beside it.
            boolean silent = Cells.isAbsent(said) && !Cells.isAbsent(turn.get("tool_calls"));
            fields.put("content", silent ? null : Contents.text(said, "the content of " + what));
        }
        addOthers(fields, turn, shareGpt ? Set.of("from", "value") : Set.of(), what);
        Message message = new Message(fields);
        return Learning.isLearnt(turn, message.isAssistant(), what) ? message : message.unlearnt();
    }

    /** LLaMA-Factory's {@code function_call}: the JSON text of a call, or of a list of them. */
    private static List<Object> calls(JsonNode value, String what) throws InvalidRow {
        if (Cells.isAbsent(value)) {
            throw new InvalidRow(what + " is not a function call, expected JSON with name and arguments");
        }
        JsonNode called = value.isTextual() ? Cells.parse(value.textValue(), what, "a call") : value;
        List<Object> calls = new ArrayList<>();
        for (JsonNode call : called instanceof ArrayNode list ? list : List.of(called)) {
            if (!call.path("name").isTextual()) {
                throw new InvalidRow(what + " is not a function call, expected JSON with name and arguments");
            }
            calls.add(Map.of("type", "function", "function", json(call, what)));
        }
        return calls;
    }

    /** What a template may look at beside role and content. Parquet writes null for what a message does not have. */
    private static void addOthers(Map<String, Object> fields, ObjectNode turn, Set<String> taken, String what)
            throws InvalidRow {
        for (Map.Entry<String, JsonNode> other : turn.properties()) {
            String name = other.getKey();
            if (!fields.containsKey(name)
                    && !taken.contains(name)
                    && !Learning.isMark(name)
                    && !Cells.isAbsent(other.getValue())) {
                fields.put(name, json(other.getValue(), "'" + name + "' of " + what));
            }
        }
    }

    /** A JSON value as a template sees it. */
    static Object json(JsonNode node, String what) throws InvalidRow {
        requireJson(node, what);
        return JsonValues.of(node);
    }

    /** A Parquet column may hold dates or bytes, which have no JSON form. */
    private static void requireJson(JsonNode node, String what) throws InvalidRow {
        if (node.isPojo() || node.isBinary()) {
            throw new InvalidRow(what + " is not a JSON value");
        }
        for (JsonNode part : node) {
            requireJson(part, what);
        }
    }

    /** Refuses a conversation that has nothing to learn. */
    static void requireAssistant(List<Message> messages) throws InvalidRow {
        if (messages.stream().noneMatch(Message::isAssistant)) {
            throw new InvalidRow("has no assistant turn");
        }
        if (messages.stream().noneMatch(message -> message.isAssistant() && message.learnt())) {
            throw new InvalidRow("has weight 0 at every assistant turn, so there is nothing to learn");
        }
    }
}
