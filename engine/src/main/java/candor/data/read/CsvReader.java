package candor.data.read;

import candor.BadInput;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;

/**
 * CSV as in RFC 4180, with a header: fields are parted by commas, may stand in double quotes, and then may hold commas,
 * line breaks and doubled quotes. Lines end in LF, CRLF or CR; empty lines are passed over.
 */
final class CsvReader implements RowReader {
    private final Path file;
    private final int maxRowBytes;
    private final ByteSource source;
    private final ByteBuilder field;
    private final List<String> header;
    private long row;

    CsvReader(Path file, int maxRowBytes) {
        this(file, maxRowBytes, null);
    }

    /** @param columns names of the columns where the first line is a row already; null where it has the names */
    CsvReader(Path file, int maxRowBytes, List<String> columns) {
        this.file = file;
        this.maxRowBytes = maxRowBytes;
        source = new ByteSource(file);
        field = new ByteBuilder(maxRowBytes);
        header = columns == null ? readHeader() : columns;
    }

    private List<String> readHeader() {
        while (source.peek() != ByteSource.END) {
            long line = source.line();
            Fields names = readRecord();
            if (names.problem != null) {
                throw new BadInput(file + ", line " + line + ": the header " + names.problem);
            }
            if (!names.isEmptyLine()) {
                if (new HashSet<>(names.values).size() < names.values.size()) {
                    throw new BadInput(file + ", line " + line + ": the header names a column twice: " + names.values);
                }
                return names.values;
            }
        }
        return List.of();
    }

    @Override
    public Entry next() {
        while (source.peek() != ByteSource.END) {
            long line = source.line();
            Fields fields = readRecord();
            if (!fields.isEmptyLine()) {
                return entry(new Origin(file, ++row, line), fields);
            }
        }
        return null;
    }

    private Entry entry(Origin origin, Fields fields) {
        if (fields.problem != null) {
            return new Entry.Bad(origin, fields.problem);
        }
        if (fields.values.size() != header.size()) {
            return new Entry.Bad(
                    origin, "has " + fields.values.size() + " fields, while the header has " + header.size());
        }
        ObjectNode columns = JsonNodeFactory.instance.objectNode();
        for (int i = 0; i < header.size(); i++) {
            columns.put(header.get(i), fields.values.get(i));
        }
        return new Entry.Row(origin, columns);
    }

    /** One record's fields, and the first thing that is wrong with it. */
    private static final class Fields {
        final List<String> values = new ArrayList<>();
        long bytes;
        boolean quoted;
        String problem;

        void refuse(String reason) {
            if (problem == null) {
                problem = reason;
            }
        }

        boolean isEmptyLine() {
            return problem == null
                    && !quoted
                    && values.size() == 1
                    && values.getFirst().isEmpty();
        }
    }

    private Fields readRecord() {
        Fields fields = new Fields();
        int end;
        do {
            end = readField(fields);
        } while (end == ',');
        if (end == '\r' && source.peek() == '\n') {
            source.read();
        }
        return fields;
    }

    /** Reads one field and what ends it: a comma, CR, LF or the end of the file. */
    private int readField(Fields fields) {
        field.clear();
        int b = source.read();
        if (b == '"') {
            fields.quoted = true;
            b = readQuoted(fields);
            if (!endsField(b)) {
                fields.refuse("has text after a closing quote; a quote inside a field is written twice");
            }
        }
        while (!endsField(b)) {
            field.add(b);
            b = source.read();
        }
        fields.bytes += field.size();
        if (field.tooLong() || fields.bytes > maxRowBytes) {
            fields.refuse("is longer than the " + maxRowBytes + " bytes that a row may have");
        }
        if (fields.problem == null) {
            String text = field.text(0);
            if (text == null) {
                fields.refuse("is not valid UTF-8");
            } else {
                fields.values.add(text);
            }
        }
        return b;
    }

    /** Reads up to the closing quote and gives the byte behind it. */
    private int readQuoted(Fields fields) {
        long opened = source.line();
        while (true) {
            int b = source.read();
            if (b == ByteSource.END) {
                fields.refuse("opens a quote on line " + opened + " that is never closed");
                return b;
            }
            if (b == '"') {
                int behind = source.read();
                if (behind != '"') {
                    return behind;
                }
            }
            field.add(b);
        }
    }

    private static boolean endsField(int b) {
        return b == ',' || b == '\n' || b == '\r' || b == ByteSource.END;
    }

    @Override
    public void close() {
        source.close();
    }
}
