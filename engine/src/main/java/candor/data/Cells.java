package candor.data;

import candor.data.read.RowReader;
import candor.io.Json;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Locale;

/** Values of a row, whatever format it came in: in CSV everything is text. */
final class Cells {
    /** A cell's JSON has the bounds that a row's has. */
    private static final ObjectMapper JSON = Json.mapper(RowReader.DEFAULT_MAX_ROW_BYTES);

    private static final int SHOWN = 40;

    private Cells() {}

    /** A column's text. */
    static String text(ObjectNode columns, String name) throws InvalidRow {
        return text(columns.get(name), "'" + name + "'");
    }

    /** A column's text, empty where the column is missing or null. */
    static String optionalText(ObjectNode columns, String name) throws InvalidRow {
        return isAbsent(columns.get(name)) ? "" : text(columns, name);
    }

    static String text(JsonNode node, String what) throws InvalidRow {
        if (isAbsent(node)) {
            throw new InvalidRow(what + " is missing");
        }
        if (!node.isTextual()) {
            throw new InvalidRow(what + " is " + kind(node) + ", expected text");
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

    /** A column that should hold a list, or the JSON text of one; null where there is nothing. The kind is not checked. */
    static JsonNode list(ObjectNode columns, String name, String wanted) throws InvalidRow {
        JsonNode node = columns.get(name);
        if (node != null && node.isTextual() && !node.textValue().isBlank()) {
            node = parse(node.textValue(), "'" + name + "'", wanted);
        }
        return isAbsent(node) ? null : node;
    }

    static JsonNode parse(String cell, String what, String wanted) throws InvalidRow {
        try {
            return JSON.readTree(cell);
        } catch (JsonProcessingException e) {
            throw new InvalidRow(what + " is text, expected " + wanted + " (its text " + Json.reason(e) + ")");
        }
    }

    /** Whether a value is a list of messages, or a CSV cell that holds the JSON text of one. */
    static boolean isConversation(JsonNode node) {
        if (node == null || !node.isTextual()) {
            return node instanceof ArrayNode;
        }
        if (!node.textValue().stripLeading().startsWith("[")) {
            return false;
        }
        try {
            return JSON.readTree(node.textValue()) instanceof ArrayNode list
                    && !list.isEmpty()
                    && (list.get(0).has("role") || list.get(0).has("from"));
        } catch (JsonProcessingException e) {
            return false; // a text that begins with a bracket
        }
    }

    /** True or false, as JSON has it, as 1 and 0, or as a word of either; null where it is anything else. */
    static Boolean truth(JsonNode node) {
        String word = node.isValueNode() ? node.asText().strip().toLowerCase(Locale.ROOT) : "";
        return switch (word) {
            case "true", "1", "1.0" -> true;
            case "false", "0", "0.0" -> false;
            default -> null;
        };
    }

    /** Nothing at all: missing, or null as Parquet writes it for what a row does not have. */
    static boolean isAbsent(JsonNode node) {
        return node == null || node.isNull() || node.isMissingNode();
    }

    /** Absent, or a text, list or object without content. */
    static boolean isEmpty(JsonNode node) {
        return isAbsent(node)
                || node.isTextual() && node.textValue().isBlank()
                || node.isContainerNode() && node.isEmpty();
    }

    static String kind(JsonNode node) {
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

    static String shortened(String text) {
        return text.codePointCount(0, text.length()) <= SHOWN
                ? text
                : text.substring(0, text.offsetByCodePoints(0, SHOWN)) + "…";
    }
}
