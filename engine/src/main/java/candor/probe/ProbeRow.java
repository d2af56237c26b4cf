package candor.probe;

import candor.BadInput;
import candor.data.Example;
import candor.data.RowView;
import candor.text.Conversation;
import candor.text.Message;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/** A line of a file of probes. */
final class ProbeRow {
    private static final int MOST_ID = 200;

    /** What a probe has beside its conversation. */
    private static final List<String> OWN = List.of("id", "kind", "truthful", "untruthful");

    private ProbeRow() {}

    /** @param place what names the line in messages */
    static Probe of(JsonNode line, String place) {
        try {
            if (!(line instanceof ObjectNode columns)) {
                throw new BadInput("is not a JSON object");
            }
            String kind = text(columns, "kind");
            ProbeKind known = ProbeKind.of(kind);
            if (known == null) {
                throw new BadInput("'kind' is '" + shortened(kind) + "', expected one of " + ProbeKind.texts());
            }
            String id = text(columns, "id");
            if (id.length() > MOST_ID) {
                throw new BadInput("'id' has more than " + MOST_ID + " characters");
            }
            Probe probe =
                    new Probe(id, known, conversation(columns), text(columns, "truthful"), text(columns, "untruthful"));
            if (probe.truthful().equals(probe.untruthful())) {
                throw new BadInput("'truthful' and 'untruthful' are the same");
            }
            return probe;
        } catch (BadInput e) {
            throw new BadInput(place + ": " + e.getMessage(), "fix the probe", e);
        }
    }

    private static Conversation conversation(ObjectNode columns) {
        JsonNode messages = columns.get("messages");
        if (messages == null || !messages.isArray() || messages.isEmpty()) {
            throw new BadInput("'messages' is missing, or no list of messages");
        }
        ObjectNode row = columns.deepCopy().without(OWN);
        if (!(RowView.of(row).getFirst() instanceof Example.Chat chat)) {
            throw new BadInput("has columns of another layout beside 'messages'");
        }
        Message last = chat.conversation().messages().getLast();
        if (last.isAssistant()) {
            throw new BadInput("'messages' ends with a message of the assistant, so there is nothing to reply to");
        }
        return chat.conversation();
    }

    private static String text(ObjectNode columns, String name) {
        JsonNode value = columns.get(name);
        if (value == null || !value.isTextual() || value.textValue().isBlank()) {
            throw new BadInput("'" + name + "' is missing, empty, or no text");
        }
        return value.textValue();
    }

    private static String shortened(String text) {
        return text.length() <= 40 ? text : text.substring(0, 40) + "…";
    }
}
