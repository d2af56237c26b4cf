package candor.data;

import candor.BadInput;
import candor.data.Example.Chat;
import candor.data.Example.Content;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/** A row as training reads it, for whoever wants to look at it; a conversation need not have a reply yet. */
public final class RowView {
    private RowView() {}

    /**
     * What a row says: one content, or a chosen and a rejected one.
     *
     * @param row an object with the columns of any {@link Layout}, or with a list of messages as {@code prompt} alone; or
     *     a list of messages
     * @throws BadInput for a row that is not valid; the message does not name its place
     */
    public static List<Content> of(JsonNode row) {
        ObjectNode columns =
                switch (row) {
                    case ArrayNode messages ->
                        JsonNodeFactory.instance.objectNode().set("messages", messages);
                    case ObjectNode object -> object;
                    default -> throw new BadInput("neither an object nor an array of messages");
                };
        try {
            return contents(columns);
        } catch (InvalidRow e) {
            throw new BadInput(e.getMessage(), e);
        }
    }

    private static List<Content> contents(ObjectNode columns) throws InvalidRow {
        Layout layout = Layout.of(columns, RowKind.LABELLED);
        if (layout == null) {
            layout = Layout.of(columns, RowKind.PLAIN); // labelled pairs, which are no pairs
        }
        return switch (layout) {
            case null -> {
                if (!columns.has("prompt")) {
                    throw new InvalidRow("is of no known layout: has neither \"messages\" nor \"prompt\"");
                }
                yield List.of(chat(columns, "prompt"));
            }
            case MESSAGES -> List.of(chat(columns, "messages"));
            case SHAREGPT -> List.of(chat(columns, "conversations"));
            case PREFERENCE -> {
                Preference pair = Preference.of(columns);
                yield List.of(pair.chosen(), pair.rejected());
            }
            default -> List.of(layout.content(columns));
        };
    }

    private static Chat chat(ObjectNode columns, String name) throws InvalidRow {
        return new Chat(Surroundings.around(Turns.messages(columns, name), columns));
    }
}
