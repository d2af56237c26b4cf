package candor.data.read;

import candor.BadInput;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import de.siegmar.fastcsv.reader.CsvParseException;
import de.siegmar.fastcsv.reader.CsvReader.CsvReaderBuilder;
import de.siegmar.fastcsv.reader.CsvRecordHandler;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;

/**
 * CSV as in RFC 4180, with a header: fields are separated by commas, may be in double quotes, and then may hold commas, line breaks and
 * doubled quotes. Lines end in LF, CRLF or CR; empty lines are passed over.
 *
 * <p>Where a record ends is found here, so that one that is too long, is no UTF-8 or has a wrong quote costs that record alone; FastCSV
 * takes it apart.
 */
final class CsvReader implements RowReader {
    private static final int MAX_FIELDS = 1 << 20;
    private static final CsvReaderBuilder PARSER =
            de.siegmar.fastcsv.reader.CsvReader.builder().skipEmptyLines(false);

    private final Path file;
    private final int maxRowBytes;
    private final ByteSource source;
    private final ByteBuilder bytes;
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
        bytes = new ByteBuilder(maxRowBytes);
        header = columns == null ? readHeader() : columns;
    }

    private List<String> readHeader() {
        while (source.peek() != ByteSource.END) {
            long line = source.line();
            Fields names = readRecord();
            if (names == null) {
                continue;
            }
            if (names.problem != null) {
                throw new BadInput(file + ", line " + line + ": the header " + names.problem);
            }
            if (new HashSet<>(names.values).size() < names.values.size()) {
                throw new BadInput(file + ", line " + line + ": the header names a column twice: " + names.values);
            }
            return names.values;
        }
        return List.of();
    }

    @Override
    public Entry next() {
        while (source.peek() != ByteSource.END) {
            long line = source.line();
            Fields fields = readRecord();
            if (fields != null) {
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

    /** One record's fields, or what is wrong with it. */
    private record Fields(List<String> values, String problem) {}

    /** Null for an empty line. */
    private Fields readRecord() {
        String quotes = cut();
        if (bytes.tooLong()) {
            return new Fields(null, "is longer than the " + maxRowBytes + " bytes that a row may have");
        }
        if (quotes != null) {
            return new Fields(null, quotes);
        }
        if (bytes.size() == 0) {
            return null;
        }
        String text = bytes.text(0);
        return text == null ? new Fields(null, "is not valid UTF-8") : parse(text);
    }

    private Fields parse(String text) {
        try {
            var handler = CsvRecordHandler.builder()
                    .maxFields(MAX_FIELDS)
                    .maxFieldSize(maxRowBytes)
                    .maxRecordSize(maxRowBytes)
                    .build();
            return new Fields(PARSER.ofSingleCsvRecord(handler, text).getFields(), null);
        } catch (CsvParseException e) {
            // Of a record that is not too long and has its quotes in order, only the number of fields is left to
            // refuse.
            return new Fields(null, "has more than " + MAX_FIELDS + " fields");
        }
    }

    /** Where in a record its last byte was. */
    private enum Place {
        BEFORE_A_FIELD,
        IN_A_FIELD,
        IN_QUOTES,
        AFTER_A_QUOTE
    }

    /**
     * Takes the bytes of a record up to the end of its last line, which is read but not taken.
     *
     * @return what is wrong with its quotes; null where nothing is
     */
    private String cut() {
        bytes.clear();
        String problem = null;
        long opened = 0;
        Place place = Place.BEFORE_A_FIELD;
        while (true) {
            long line = source.line();
            int b = source.read();
            if (place == Place.IN_QUOTES) {
                if (b == ByteSource.END) {
                    return problem != null ? problem : "opens a quote on line " + opened + " that is never closed";
                }
                place = b == '"' ? Place.AFTER_A_QUOTE : Place.IN_QUOTES;
            } else if (b == '\n' || b == '\r' || b == ByteSource.END) {
                if (b == '\r' && source.peek() == '\n') {
                    source.read();
                }
                return problem;
            } else if (b == ',') {
                place = Place.BEFORE_A_FIELD;
            } else if (b == '"' && place == Place.BEFORE_A_FIELD) {
                opened = line;
                place = Place.IN_QUOTES;
            } else if (b == '"' && place == Place.AFTER_A_QUOTE) {
                place = Place.IN_QUOTES;
            } else {
                if (place == Place.AFTER_A_QUOTE && problem == null) {
                    problem = "has text after a closing quote; a quote inside a field is written twice";
                }
                place = Place.IN_A_FIELD;
            }
            bytes.add(b);
        }
    }

    @Override
    public void close() {
        source.close();
    }
}
