package candor.evaluate.data;

import candor.BadInput;
import candor.data.read.Entry;
import candor.data.read.RowReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Reads benchmark files (JSONL, a JSON array, CSV, Parquet; folders of them), and checks their columns. */
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
        List<DataRow> rows = new ArrayList<>();
        try (RowReader reader = RowReader.openHeaderless(file, columns, RowReader.DEFAULT_MAX_ROW_BYTES)) {
            for (Entry entry = reader.next(); entry != null; entry = reader.next()) {
                add(rows, entry, List.of());
            }
        }
        return rows;
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
