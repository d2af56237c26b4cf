package candor.data;

import candor.text.Conversation;
import candor.text.Message;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What stands beside a row's messages and belongs to the conversation: tools, a system text, earlier turns, settings. */
final class Surroundings {
    /** Columns that put a text before the conversation, by LLaMA-Factory's name and a common one. */
    static final List<String> SYSTEM = List.of("system", "system_prompt");

    /** Columns that would change what a row means, and that nothing here reads. */
    private static final List<String> UNREAD =
            List.of("functions", "function_call", "images", "image", "videos", "video", "audios", "audio", "loss_mask");

    /** Columns that a conversation is read from, beside those of its layout. */
    static final List<String> READ = List.of("tools", "system", "system_prompt", "history", "chat_template_kwargs");

    private Surroundings() {}

    /** A conversation with all that the row says beside its messages. */
    static Conversation around(List<Message> messages, ObjectNode columns) throws InvalidRow {
        requireReadable(columns);
        List<Message> all = new ArrayList<>();
        String system = system(columns);
        if (!system.isEmpty()) {
            if (messages.getFirst().role().equals("system")) {
                throw new InvalidRow("has a system message beside the column of a system text; keep one");
            }
            all.add(Message.of("system", system));
        }
        all.addAll(history(columns));
        all.addAll(messages);
        return new Conversation(all, tools(columns), variables(columns));
    }

    /** Refuses what a text outside any chat template has no place for. */
    static void requireNone(ObjectNode columns) throws InvalidRow {
        requireReadable(columns);
        for (String name : READ) {
            if (!Cells.isEmpty(columns.get(name))) {
                throw new InvalidRow("has '" + name + "' beside plain text, which no chat template sees;"
                        + " write the row as messages");
            }
        }
    }

    private static void requireReadable(ObjectNode columns) throws InvalidRow {
        for (String name : UNREAD) {
            if (!Cells.isEmpty(columns.get(name))) {
                throw new InvalidRow("has '" + name + "', which is not read here; "
                        + (name.startsWith("function")
                                ? "write 'tools' and 'tool_calls'"
                                : name.equals("loss_mask")
                                        ? "say by a message's 'weight', 1 or 0, whether it is learnt"
                                        : "these models read nothing but text"));
            }
        }
    }

    private static String system(ObjectNode columns) throws InvalidRow {
        String found = "";
        for (String name : SYSTEM) {
            String text = Cells.optionalText(columns, name);
            if (!text.isBlank()) {
                if (!found.isEmpty() && !found.equals(text)) {
                    throw new InvalidRow("has both 'system' and 'system_prompt', and they differ; keep one");
                }
                found = text;
            }
        }
        return found;
    }

    /** LLaMA-Factory's {@code history}: pairs of what was asked and answered before; the answers are learnt, too. */
    private static List<Message> history(ObjectNode columns) throws InvalidRow {
        JsonNode node = Cells.list(columns, "history", "a list of pairs");
        if (Cells.isEmpty(node)) {
            return List.of();
        }
        List<Message> earlier = new ArrayList<>();
        for (JsonNode pair : node) {
            String what = "pair " + (earlier.size() / 2 + 1) + " of 'history'";
            if (!(pair instanceof ArrayNode) || pair.size() != 2) {
                throw new InvalidRow(what + " is " + Cells.kind(pair) + ", expected a question and its answer");
            }
            earlier.add(Message.of("user", Cells.text(pair.get(0), what)));
            earlier.add(Message.of("assistant", Cells.text(pair.get(1), what)));
        }
        return earlier;
    }

    /** The tools that a conversation may use, as a list or as the JSON text of one; null if there are none. */
    private static List<Object> tools(ObjectNode columns) throws InvalidRow {
        JsonNode node = Cells.list(columns, "tools", "a list of tools");
        if (node == null || node.isTextual() || node.isArray() && node.isEmpty()) {
            return null;
        }
        if (!node.isArray()) {
            throw new InvalidRow("'tools' is " + Cells.kind(node) + ", expected a list of tools");
        }
        List<Object> tools = new ArrayList<>();
        for (JsonNode tool : node) {
            tools.add(Turns.json(tool, "'tools'"));
        }
        return tools;
    }

    private static Map<String, Object> variables(ObjectNode columns) throws InvalidRow {
        JsonNode node = columns.get("chat_template_kwargs");
        if (Cells.isAbsent(node)) {
            return Map.of();
        }
        if (!(node instanceof ObjectNode)) {
            throw new InvalidRow("'chat_template_kwargs' is not an object");
        }
        Map<String, Object> variables = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> variable : node.properties()) {
            variables.put(variable.getKey(), Turns.json(variable.getValue(), "'chat_template_kwargs'"));
        }
        return variables;
    }
}
