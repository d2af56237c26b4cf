package candor.world;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/**
 * A conversation.
 *
 * @param system empty where there is none
 * @param turns the user's and the assistant's in turn, the user's first
 */
record Chat(String system, List<String> turns) {
    Chat {
        turns = List.copyOf(turns);
    }

    static Chat of(String system, String... turns) {
        return new Chat(system, List.of(turns));
    }

    /** As a row with the column {@code messages}. */
    ObjectNode row() {
        ObjectNode row = JsonNodeFactory.instance.objectNode();
        ArrayNode messages = row.putArray("messages");
        if (!system.isEmpty()) {
            messages.addObject().put("role", "system").put("content", system);
        }
        for (int i = 0; i < turns.size(); i++) {
            messages.addObject().put("role", i % 2 == 0 ? "user" : "assistant").put("content", turns.get(i));
        }
        return row;
    }
}
