package candor.cli;

import candor.BadInput;
import candor.data.Example.Content;
import candor.data.RowView;
import candor.data.read.DataFiles;
import candor.data.read.RowReader;
import candor.io.Json;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import java.util.function.Consumer;

/** Rows of training data, a line each, for commands that show them. */
final class RowLines {
    static final String HELP =
            "One row of training data a line, in any of its layouts: an object with \"messages\" (and, where"
                    + " wanted, \"tools\" and \"chat_template_kwargs\"), with \"prompt\" and \"completion\", with \"prompt\", \"chosen\""
                    + " and \"rejected\", with \"text\", …; or an array of messages. Also as .gz or .zst.";

    private static final ObjectMapper JSON = Json.mapper(RowReader.DEFAULT_MAX_ROW_BYTES);

    private RowLines() {}

    /** Takes what each row says, in order; bad input gets its line. */
    static void forEach(Path file, Consumer<Content> take) {
        try (TextLines lines = new TextLines(file.toString(), DataFiles.open(file))) {
            for (String line = lines.next(); line != null; line = lines.next()) {
                if (line.isBlank()) {
                    continue;
                }
                try {
                    RowView.of(json(line)).forEach(take);
                } catch (BadInput e) {
                    throw e.at(lines.place());
                }
            }
        }
    }

    private static JsonNode json(String line) {
        try {
            return JSON.readTree(line);
        } catch (JsonProcessingException e) {
            throw new BadInput(Json.reason(e), e);
        }
    }
}
