package candor.evaluate.data;

import candor.BadInput;
import candor.IoReason;
import candor.data.read.Entry;
import candor.data.read.Origin;
import candor.data.read.RowReader;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Reads benchmark files (JSONL, a JSON array, CSV, Parquet), and checks their columns. */
public final class Table {
    private static final int MAX_ROWS = 1_000_000;

    private Table() {}

    /**
     * All rows of files, one after another.
     *
     * @param required columns that every row must have; "a|b" is satisfied by either
     */
    public static List<DataRow> read(List<Path> files, List<String> required) {
        List<DataRow> rows = new ArrayList<>();
        try (RowReader reader = RowReader.open(files, RowReader.DEFAULT_MAX_ROW_BYTES)) {
            for (Entry entry = reader.next(); entry != null; entry = reader.next()) {
                add(rows, entry, required);
            }
        }
        if (rows.isEmpty()) {
            throw new BadInput(files + ": no rows");
        }
        return rows;
    }

    /** One CSV file whose first line is a row already, as the first release of MMLU has it. */
    public static List<DataRow> readHeaderless(Path file, List<String> columns) {
        Path copy = null;
        try {
            copy = Files.createTempFile("candor", ".csv");
            try (OutputStream out = Files.newOutputStream(copy)) {
                out.write((String.join(",", columns) + "\n").getBytes(StandardCharsets.UTF_8));
                Files.copy(file, out);
            }
            List<DataRow> rows = new ArrayList<>();
            try (RowReader reader = RowReader.open(copy, RowReader.DEFAULT_MAX_ROW_BYTES)) {
                for (Entry entry = reader.next(); entry != null; entry = reader.next()) {
                    Origin moved = entry.origin();
                    Origin origin = new Origin(file, moved.row(), moved.line() - 1);
                    add(
                            rows,
                            switch (entry) {
                                case Entry.Row row -> new Entry.Row(origin, row.columns());
                                case Entry.Bad bad -> new Entry.Bad(origin, bad.problem());
                            },
                            List.of());
                }
            }
            return rows;
        } catch (IOException e) {
            throw new BadInput(file + ": cannot be read: " + IoReason.of(e), e);
        } finally {
            delete(copy);
        }
    }

    private static void delete(Path copy) {
        if (copy != null) {
            try {
                Files.deleteIfExists(copy);
            } catch (IOException e) {
                copy.toFile().deleteOnExit();
            }
        }
    }

    private static void add(List<DataRow> rows, Entry entry, List<String> required) {
        switch (entry) {
            case Entry.Bad bad -> throw bad.toBadInput();
            case Entry.Row row -> {
                DataRow read = new DataRow(row.origin(), row.columns());
                for (String names : required) {
                    if (!read.has(names.split("\\|"))) {
                        throw read.bad(
                                "no column \"" + names.replace("|", "\" or \"") + "\"; the row has " + read.names());
                    }
                }
                rows.add(read);
                if (rows.size() > MAX_ROWS) {
                    throw read.bad("more than " + MAX_ROWS + " rows: no benchmark here is that long");
                }
            }
        }
    }
}
