package candor.data;

import candor.BadInput;
import candor.data.read.Entry;
import candor.data.read.RowReader;
import candor.text.Conversation;
import candor.text.Message;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads prompts: rows with {@code messages} or {@code prompt}, either of them a list of messages, {@code prompt} also a
 * text. Other columns are kept and not looked at, but for those that belong to a conversation ({@link Surroundings}).
 */
public final class PromptReader {
    private PromptReader() {}

    /**
     * Reads all prompts of a file, or of the data files of a folder.
     *
     * @throws BadInput for a row that is not valid, and for a file that cannot be read or has none
     */
    public static List<Prompt> readAll(Path file) {
        List<Prompt> prompts = new ArrayList<>();
        try (RowReader rows = RowReader.open(List.of(file), RowReader.DEFAULT_MAX_ROW_BYTES)) {
            for (Entry entry = rows.next(); entry != null; entry = rows.next()) {
                prompts.add(prompt(entry));
            }
        }
        if (prompts.isEmpty()) {
            throw new BadInput(file + ": has no row; give one prompt a line");
        }
        return prompts;
    }

    private static Prompt prompt(Entry entry) {
        try {
            return switch (entry) {
                case Entry.Row row -> prompt(row);
                case Entry.Bad bad -> throw new InvalidRow(bad.problem());
            };
        } catch (InvalidRow e) {
            throw new BadInput(entry.origin() + ": " + e.getMessage() + "; fix the row");
        }
    }

    private static Prompt prompt(Entry.Row row) throws InvalidRow {
        ObjectNode columns = row.columns();
        JsonNode prompt = columns.get("prompt");
        boolean messages = !Cells.isAbsent(columns.get("messages"));
        if (!messages && Cells.isAbsent(prompt)) {
            throw new InvalidRow("has neither 'messages' nor 'prompt'");
        }
        if (!messages && prompt.isTextual() && !Cells.isConversation(prompt)) {
            Surroundings.requireNone(columns);
            String text = Cells.text(columns, "prompt");
            if (text.isEmpty()) {
                throw new InvalidRow("'prompt' is empty");
            }
            return new Prompt(null, text, columns, row.origin());
        }
        String column = messages ? "messages" : "prompt";
        Conversation conversation = Surroundings.around(Turns.messages(columns, column), columns);
        requireQuestion(conversation.messages(), column);
        return new Prompt(conversation, null, columns, row.origin());
    }

    /** Somebody must have said something that the model can reply to. */
    private static void requireQuestion(List<Message> messages, String column) throws InvalidRow {
        Message last = messages.getLast();
        if (last.isAssistant()) {
            throw new InvalidRow(
                    "'" + column + "' ends with a message of the assistant, so there is nothing to reply to");
        }
        if (last.content() instanceof String text && text.isBlank()) {
            throw new InvalidRow("message " + messages.size() + " of '" + column + "' is empty");
        }
    }
}
