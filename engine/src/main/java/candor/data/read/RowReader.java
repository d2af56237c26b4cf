package candor.data.read;

import candor.BadInput;
import java.nio.file.Path;
import java.util.List;

/** A stream of rows in file order. Used by one thread at a time. */
public interface RowReader extends AutoCloseable {
    /** Room for one row of text in bytes, unless asked otherwise: a 10-MB row fits, a file without line breaks does not. */
    int DEFAULT_MAX_ROW_BYTES = 16 << 20;

    /**
     * The next row or what stands in its place; null behind the last one.
     *
     * @throws BadInput if the file cannot be read on
     */
    Entry next();

    @Override
    void close();

    /**
     * Opens one file; what it holds is told by its first bytes and its name ({@link FileKind}).
     *
     * @param maxRowBytes a longer row is refused
     * @throws BadInput if the file is missing, or of no known kind
     */
    static RowReader open(Path file, int maxRowBytes) {
        return FileKind.of(file).open(file, maxRowBytes);
    }

    /**
     * Opens a CSV file whose first line is a row already.
     *
     * @param columns names of its columns
     */
    static RowReader openHeaderless(Path file, List<String> columns, int maxRowBytes) {
        FileKind.requireText(file);
        return new CsvReader(file, maxRowBytes, List.copyOf(columns));
    }

    /**
     * Opens several files, read one after another in the order given; each is opened when it is reached. A folder stands for
     * the data files in it ({@link DataFiles}).
     */
    static RowReader open(List<Path> files, int maxRowBytes) {
        return new FilesReader(files, maxRowBytes);
    }
}
