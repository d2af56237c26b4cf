package candor.data;

import candor.data.read.Json;
import candor.data.read.RowReader;
import candor.text.JsonValues;
import candor.text.Message;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** Takes texts and conversations out of columns, and says in the row's words what is wrong with them. */
final class Turns {
    /** A cell's JSON has the bounds that a row's has. */
    private static final ObjectMapper CELLS = Json.mapper(RowReader.DEFAULT_MAX_ROW_BYTES);

    private static final Set<String> ROLES = Set.of("system", "user", "assistant", "tool");

    /** ShareGPT's names for the roles. */
    private static final Map<String, String> SPEAKERS =
            Map.of("human", "user", "user", "user", "gpt", "assistant", "assistant", "assistant", "system", "system");

    private Turns() {}

    /** A column's text. */
    static String text(ObjectNode columns, String name) throws InvalidRow {
        return text(columns.get(name), "'" + name + "'");
    }

    /** A column's text, empty where the column is missing or null. */
    static String optionalText(ObjectNode columns, String name) throws InvalidRow {
        return isAbsent(columns.get(name)) ? "" : text(columns, name);
    }

    private static String text(JsonNode node, String what) throws InvalidRow {
        if (isAbsent(node)) {
            throw new InvalidRow(what + " is missing");
        }
        if (!node.isTextual()) {
            throw new InvalidRow(what + " is " + kind(node) + ", wanted text");
        }
        String text = node.textValue();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (Character.isHighSurrogate(c) && i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1))) {
                i++;
            } else if (Character.isSurrogate(c)) {
                throw new InvalidRow(what + " holds a lone surrogate (\\u" + Integer.toHexString(c)
                        + "), which is half a character");
            }
        }
        return text;
    }

    /** A column's conversation; never empty. In CSV it stands in its cell as JSON. */
    static List<Message> messages(ObjectNode columns, String name) throws InvalidRow {
        JsonNode node = columns.get(name);
        if (isAbsent(node)) {
            throw new InvalidRow("'" + name + "' is missing");
        }
        if (node.isTextual()) {
            node = parse(node.textValue(), name, "a list of messages");
        }
        if (!(node instanceof ArrayNode turns)) {
            throw new InvalidRow("'" + name + "' is " + kind(node) + ", wanted a list of messages");
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

    private static JsonNode parse(String cell, String name, String wanted) throws InvalidRow {
        try {
            return CELLS.readTree(cell);
        } catch (JsonProcessingException e) {
            throw new InvalidRow("'" + name + "' is text, wanted " + wanted + " (its text " + Json.reason(e) + ")");
        }
    }

    private static Message message(JsonNode node, String what) throws InvalidRow {
        if (!(node instanceof ObjectNode turn)) {
            throw new InvalidRow(what + " is " + kind(node) + ", wanted an object with role and content");
        }
        boolean shareGpt = turn.has("from") && !turn.has("role");
        String named = text(turn.get(shareGpt ? "from" : "role"), "the role of " + what);
        String role = shareGpt ? SPEAKERS.get(named) : named;
        if (role == null || !ROLES.contains(role)) {
            throw new InvalidRow(what + " has the unknown role '" + shortened(named) + "'");
        }
        JsonNode said = turn.get(shareGpt ? "value" : "content");
        // Whoever calls a tool need not say anything beside it.
        boolean silent = isAbsent(said) && !isAbsent(turn.get("tool_calls"));
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("role", role);
        fields.put("content", silent ? null : text(said, "the content of " + what));
        if (!shareGpt) {
            addOthers(fields, turn, what);
        }
        return new Message(fields);
    }

    /** What a template may look at beside role and content. Parquet writes null for what a message does not have. */
    private static void addOthers(Map<String, Object> fields, ObjectNode turn, String what) throws InvalidRow {
        for (Map.Entry<String, JsonNode> other : turn.properties()) {
            if (!fields.containsKey(other.getKey()) && !isAbsent(other.getValue())) {
                fields.put(other.getKey(), json(other.getValue(), "'" + other.getKey() + "' of " + what));
            }
        }
    }

    private static Object json(JsonNode node, String what) throws InvalidRow {
        requireJson(node, what);
        return JsonValues.of(node);
    }

    /** A Parquet column may hold dates or bytes, which have no JSON form. */
    private static void requireJson(JsonNode node, String what) throws InvalidRow {
        if (node.isPojo() || node.isBinary()) {
            throw new InvalidRow(what + " is no JSON value");
        }
        for (JsonNode part : node) {
            requireJson(part, what);
        }
    }

    /** The tools that a conversation may use, as a list or as the JSON text of one; null if there are none. */
    static List<Object> tools(ObjectNode columns) throws InvalidRow {
        JsonNode node = columns.get("tools");
        if (node != null && node.isTextual() && !node.textValue().isBlank()) {
            node = parse(node.textValue(), "tools", "a list of tools");
        }
        if (isAbsent(node) || node.isTextual() || node.isArray() && node.isEmpty()) {
            return null;
        }
        if (!node.isArray()) {
            throw new InvalidRow("'tools' is " + kind(node) + ", wanted a list of tools");
        }
        List<Object> tools = new ArrayList<>();
        for (JsonNode tool : node) {
            tools.add(json(tool, "'tools'"));
        }
        return tools;
    }

    /** Refuses a conversation that has nothing to learn. */
    static void requireAssistant(List<Message> messages) throws InvalidRow {
        if (messages.stream().noneMatch(Message::isAssistant)) {
            throw new InvalidRow("has no assistant turn");
        }
    }

    /** True or false; in CSV as a word. */
    static boolean label(ObjectNode columns) throws InvalidRow {
        JsonNode node = columns.get("label");
        if (isAbsent(node)) {
            throw new InvalidRow("'label' is missing, wanted true or false");
        }
        String word = node.asText().toLowerCase(Locale.ROOT);
        if ((node.isBoolean() || node.isTextual()) && (word.equals("true") || word.equals("false"))) {
            return word.equals("true");
        }
        throw new InvalidRow("'label' is " + kind(node) + ", wanted true or false");
    }

    static boolean isAbsent(JsonNode node) {
        return node == null || node.isNull() || node.isMissingNode();
    }

    private static String kind(JsonNode node) {
        return switch (node.getNodeType()) {
            case ARRAY -> "a list";
            case OBJECT -> "an object";
            case STRING -> "the text '" + shortened(node.textValue()) + "'";
            case BOOLEAN -> "true or false";
            case NUMBER -> "a number";
            case NULL, MISSING -> "missing";
            case BINARY, POJO -> "no JSON value";
        };
    }

    private static String shortened(String text) {
        return text.codePointCount(0, text.length()) <= 40
                ? text
                : text.substring(0, text.offsetByCodePoints(0, 40)) + "…";
    }
}
