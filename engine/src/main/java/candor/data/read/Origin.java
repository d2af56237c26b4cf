package candor.data.read;

import java.nio.file.Path;

/**
 * Where a row stands in its file.
 *
 * @param file the data file
 * @param row the row's number in the file, from 1; blank lines and a CSV header are not counted
 * @param line the line that the row starts on, from 1; 0 in a file without lines (Parquet)
 */
public record Origin(Path file, long row, long line) {
    /** As messages name it: {@code chats.jsonl, line 3}. */
    @Override
    public String toString() {
        return file + (line > 0 ? ", line " + line : ", row " + row);
    }
}
