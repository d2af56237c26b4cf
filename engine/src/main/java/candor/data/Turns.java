package candor.data;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Takes texts and conversations out of columns, and says in the row's words what is wrong with them. */
final class Turns {
    private static final ObjectMapper CELLS = new ObjectMapper();

    private static final Set<String> ROLES = Set.of("system", "user", "assistant", "tool");

    /** ShareGPT's names for the roles. */
    private static final Map<String, String> SPEAKERS = Map.of(
            "human", "user", "user", "user", "gpt", "assistant", "assistant", "assistant", "system", "system");

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
                throw new InvalidRow(
                        what + " holds a lone surrogate (\\u" + Integer.toHexString(c) + "), which is half a character");
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
            node = parse(node.textValue(), name);
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

    private static JsonNode parse(String cell, String name) throws InvalidRow {
        try {
            return CELLS.readTree(cell);
        } catch (JsonProcessingException e) {
            throw new InvalidRow("'" + name + "' is text, wanted a list of messages");
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
        return new Message(role, text(turn.get(shareGpt ? "value" : "content"), "the content of " + what));
    }

    /** Refuses a conversation that has nothing to learn. */
    static void requireAssistant(List<Message> messages) throws InvalidRow {
        if (messages.stream().noneMatch(message -> message.role().equals("assistant"))) {
            throw new InvalidRow("has no assistant turn");
        }
    }

    /** True or false; in CSV as a word. */
    static boolean label(ObjectNode columns) throws InvalidRow {
        JsonNode node = columns.get("label");
        if (isAbsent(node)) {
            throw new InvalidRow("'label' is missing, wanted true or false");
        }
        String word = node.asText().toLowerCase(java.util.Locale.ROOT);
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
        return text.codePointCount(0, text.length()) <= 40 ? text : text.substring(0, text.offsetByCodePoints(0, 40)) + "…";
    }
}
