package candor.data;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;
import java.util.Set;

/**
 * What a message says: a text, or a list of parts, of which all must be text. Parts are joined without anything between
 * them, as the templates do that take lists.
 */
final class Contents {
    /** OpenAI's names for a part that is text: of chats, and of what its Responses API is told and says. */
    private static final Set<String> TEXTS = Set.of("text", "input_text", "output_text");

    /** Fields of a part that change nothing of what it says. */
    private static final Set<String> IDLE = Set.of("type", "text", "id", "annotations", "logprobs", "cache_control");

    private Contents() {}

    static String text(JsonNode content, String what) throws InvalidRow {
        if (!(content instanceof ArrayNode parts)) {
            return Cells.text(content, what);
        }
        if (parts.isEmpty()) {
            throw new InvalidRow(what + " is an empty list, expected text");
        }
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < parts.size(); i++) {
            text.append(part(parts.get(i), "part " + (i + 1) + " of " + what));
        }
        return text.toString();
    }

    private static String part(JsonNode node, String what) throws InvalidRow {
        if (!(node instanceof ObjectNode part)) {
            throw new InvalidRow(what + " is " + Cells.kind(node) + ", expected an object with type and text");
        }
        String type = Cells.text(part.get("type"), "the type of " + what);
        if (!TEXTS.contains(type)) {
            throw new InvalidRow(
                    what + " is of type '" + Cells.shortened(type) + "'; these models read nothing but text");
        }
        for (Map.Entry<String, JsonNode> field : part.properties()) {
            if (!IDLE.contains(field.getKey()) && !Cells.isEmpty(field.getValue())) {
                throw new InvalidRow(
                        what + " has '" + Cells.shortened(field.getKey()) + "' beside its text; remove it");
            }
        }
        return Cells.text(part.get("text"), "the text of " + what);
    }
}
