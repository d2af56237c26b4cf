package candor.data.read;

import candor.BadInput;
import java.nio.file.Path;
import java.util.List;

/** Several files as one stream. */
final class FilesReader implements RowReader {
    private final List<Path> files;
    private final int maxRowBytes;
    private RowReader current;
    private int opened;

    FilesReader(List<Path> files, int maxRowBytes) {
        if (files.isEmpty()) {
            throw new BadInput("no data file is named; name at least one");
        }
        // A name mistyped among many should not be found out hours later.
        this.files = DataFiles.of(files);
        this.maxRowBytes = maxRowBytes;
    }

    @Override
    public Entry next() {
        while (true) {
            if (current == null) {
                if (opened == files.size()) {
                    return null;
                }
                current = RowReader.open(files.get(opened++), maxRowBytes);
            }
            Entry entry = current.next();
            if (entry != null) {
                return entry;
            }
            close();
        }
    }

    @Override
    public void close() {
        if (current != null) {
            current.close();
            current = null;
        }
    }
}
