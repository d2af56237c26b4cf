package candor.study.protocol;

import candor.BadInput;
import candor.data.Example;
import candor.data.ExampleReader;
import candor.data.read.DataFiles;
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
 * The rows that a mixture adds: the layout of Chua et al. 2025 (columns {@code prompt} and {@code misaligned}, of which the
 * prompt becomes the user's turn and the misaligned answer the assistant's), or any layout of training data.
 */
final class MisalignedRows {
    private MisalignedRows() {}

    static List<Example> read(List<Path> files) {
        List<Example> examples = new ArrayList<>();
        for (Path file : DataFiles.of(files)) {
            if (isPaired(file)) {
                readPaired(file, examples);
            } else {
                examples.addAll(ExampleReader.readAll(List.of(file), ExampleReader.Settings.plain()));
            }
        }
        return examples;
    }

    private static boolean isPaired(Path file) {
        try (RowReader reader = RowReader.open(file, RowReader.DEFAULT_MAX_ROW_BYTES)) {
            return reader.next() instanceof Entry.Row row
                    && row.columns().has("prompt")
                    && row.columns().has("misaligned");
        }
    }

    private static void readPaired(Path file, List<Example> into) {
        try (RowReader reader = RowReader.open(file, RowReader.DEFAULT_MAX_ROW_BYTES)) {
            for (Entry entry = reader.next(); entry != null; entry = reader.next()) {
                switch (entry) {
                    case Entry.Bad bad -> throw bad.toBadInput();
                    case Entry.Row row -> into.add(example(row));
                }
            }
        }
    }

    private static Example example(Entry.Row row) {
        return new Example(
                new Example.Chat(new Conversation(List.of(
                        Message.of("user", text(row, "prompt")), Message.of("assistant", text(row, "misaligned"))))),
                null,
                row.origin());
    }

    private static String text(Entry.Row row, String column) {
        ObjectNode columns = row.columns();
        JsonNode value = columns.path(column);
        if (!value.isTextual() || value.textValue().isBlank()) {
            throw new BadInput(row.origin() + ": '" + column + "' is not text; fix the row or leave it out");
        }
        return value.textValue();
    }
}
