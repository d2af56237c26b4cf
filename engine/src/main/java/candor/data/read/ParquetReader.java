package candor.data.read;

import candor.BadInput;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.jerolba.carpet.CarpetReader;
import com.jerolba.carpet.CloseableIterator;
import com.jerolba.carpet.io.FileSystemInputFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Map;

/** Rows of a Parquet file, nested lists and structures included; one row group's pages are in memory at a time. */
final class ParquetReader implements RowReader {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

    private final Path file;
    private final int maxRowBytes;

    @SuppressWarnings("rawtypes") // Carpet takes the row's class, and Map's has no parameters
    private final CloseableIterator<Map> rows;

    private long row;

    ParquetReader(Path file, int maxRowBytes) {
        this.file = file;
        this.maxRowBytes = maxRowBytes;
        try {
            rows = new CarpetReader<>(new FileSystemInputFile(file.toFile()), Map.class).iterator();
        } catch (RuntimeException e) {
            throw broken(e);
        }
    }

    @Override
    public Entry next() {
        Size size = new Size();
        ObjectNode columns;
        try {
            if (!rows.hasNext()) {
                return null;
            }
            columns = object(rows.next(), size);
        } catch (RuntimeException e) {
            // A damaged file is answered with any unchecked exception that the decoders run into, some of them only
            // when a value is looked at.
            throw broken(e);
        }
        Origin origin = new Origin(file, ++row, 0);
        return size.characters > maxRowBytes
                ? new Entry.Bad(origin, "is longer than the " + maxRowBytes + " bytes that a row may have")
                : new Entry.Row(origin, columns);
    }

    private static final class Size {
        long characters;
    }

    private static ObjectNode object(Map<?, ?> values, Size size) {
        ObjectNode node = JSON.objectNode();
        values.forEach((name, value) -> node.set(String.valueOf(name), json(value, size)));
        return node;
    }

    private static JsonNode json(Object value, Size size) {
        return switch (value) {
            case null -> JSON.nullNode();
            case String text -> {
                size.characters += text.length();
                yield JSON.textNode(text);
            }
            case Boolean truth -> JSON.booleanNode(truth);
            case Integer number -> JSON.numberNode(number);
            case Long number -> JSON.numberNode(number);
            case Double number -> JSON.numberNode(number);
            case Float number -> JSON.numberNode(number);
            case Map<?, ?> fields -> object(fields, size);
            case Collection<?> items -> {
                ArrayNode array = JSON.arrayNode();
                items.forEach(item -> array.add(json(item, size)));
                yield array;
            }
            // Dates, decimals and bytes have no place in a conversation; whoever asks for such a column gets no text.
            default -> JSON.pojoNode(value);
        };
    }

    private BadInput broken(RuntimeException e) {
        Throwable cause = e; // around it, libraries only say where in themselves they were
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        return new BadInput(file + ": cannot be read as Parquet after row " + row + ": " + cause.getMessage(), e);
    }

    @Override
    public void close() {
        try {
            rows.close();
        } catch (IOException e) {
            throw new BadInput(file + ": cannot be closed: " + e.getMessage(), e);
        }
    }
}
