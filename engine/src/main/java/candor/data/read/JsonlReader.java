package candor.data.read;

import candor.io.Json;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;

/** One JSON object on each line; blank lines are passed over. */
final class JsonlReader implements RowReader {
    private final Path file;
    private final int maxRowBytes;
    private final ByteSource source;
    private final ByteBuilder line;
    private final ObjectMapper mapper;
    private long row;

    JsonlReader(Path file, int maxRowBytes) {
        this.file = file;
        this.maxRowBytes = maxRowBytes;
        source = new ByteSource(file);
        line = new ByteBuilder(maxRowBytes);
        mapper = Json.mapper(maxRowBytes);
    }

    @Override
    public Entry next() {
        while (source.peek() != ByteSource.END) {
            long number = source.line();
            readLine();
            if (!line.isBlank() || line.tooLong()) {
                return parse(new Origin(file, ++row, number));
            }
        }
        return null;
    }

    private void readLine() {
        line.clear();
        for (int b = source.read(); b != '\n' && b != ByteSource.END; b = source.read()) {
            line.add(b);
        }
    }

    private Entry parse(Origin origin) {
        if (line.tooLong()) {
            return new Entry.Bad(origin, "is longer than the " + maxRowBytes + " bytes that a row may have");
        }
        String text = line.text(0);
        if (text == null) {
            return new Entry.Bad(origin, "is not valid UTF-8");
        }
        try {
            JsonNode node = mapper.readTree(text);
            return node instanceof ObjectNode columns
                    ? new Entry.Row(origin, columns)
                    : new Entry.Bad(origin, "is not a JSON object");
        } catch (JsonProcessingException e) {
            String hint = origin.row() == 1 && text.strip().equals("{") ? " (in JSONL an object takes one line)" : "";
            return new Entry.Bad(origin, Json.reason(e) + hint);
        }
    }

    @Override
    public void close() {
        source.close();
    }
}
