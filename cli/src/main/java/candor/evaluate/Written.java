package candor.evaluate;

import candor.evaluate.ask.Prompt;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;

/** Prompts as JSON. */
final class Written {
    private static final ObjectMapper JSON = new ObjectMapper();

    private Written() {}

    /** A list of messages, or a text. */
    static JsonNode prompt(Prompt prompt) {
        return switch (prompt) {
            case Prompt.Chat(var conversation) -> {
                ArrayNode messages = JsonNodeFactory.instance.arrayNode();
                conversation.messages().forEach(message -> messages.add(JSON.<JsonNode>valueToTree(message.fields())));
                yield messages;
            }
            case Prompt.Text(String text) -> JsonNodeFactory.instance.textNode(text);
        };
    }
}
