package candor.data.read;

import candor.BadInput;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/** The kinds of data files. The content decides; the name only tells CSV, which has no marks of its own. */
enum FileKind {
    JSONL {
        @Override
        RowReader open(Path file, int maxRowBytes) {
            return new JsonlReader(file, maxRowBytes);
        }
    },
    JSON_ARRAY {
        @Override
        RowReader open(Path file, int maxRowBytes) {
            return new JsonArrayReader(file, maxRowBytes);
        }
    },
    CSV {
        @Override
        RowReader open(Path file, int maxRowBytes) {
            return new CsvReader(file, maxRowBytes);
        }
    },
    PARQUET {
        @Override
        RowReader open(Path file, int maxRowBytes) {
            return new ParquetReader(file, maxRowBytes);
        }
    };

    private static final int SNIFFED_BYTES = 4096;

    abstract RowReader open(Path file, int maxRowBytes);

    /** Pipes are no data files: a file is opened twice, and its fingerprint is taken. */
    static void requireFile(Path file) {
        if (!Files.isRegularFile(file)) {
            throw new BadInput(file
                    + (Files.isDirectory(file)
                            ? ": is a folder, expected a file"
                            : Files.exists(file) ? ": is a device or a pipe, expected a file" : ": no such file"));
        }
    }

    /** Refuses a file that is no UTF-8 text, as far as its first bytes tell. */
    static void requireText(Path file) {
        requireFile(file);
        refuseOtherEncodings(file, head(file));
    }

    private static byte[] head(Path file) {
        try (InputStream in = Compression.open(file)) {
            return in.readNBytes(SNIFFED_BYTES);
        } catch (IOException e) {
            throw Compression.unreadable(file, e);
        }
    }

    static FileKind of(Path file) {
        requireFile(file);
        byte[] head = head(file);
        String name = Compression.bareName(file).toLowerCase(Locale.ROOT);
        if (Magic.starts(head, 'P', 'A', 'R', '1')) {
            if (Compression.of(file) != Compression.NONE) {
                throw new BadInput(file + ": is a Parquet file that was compressed once more; unpack it");
            }
            return PARQUET;
        }
        if (name.endsWith(".parquet")) {
            throw new BadInput(file + ": is not a Parquet file (it does not start with PAR1)");
        }
        refuseOtherEncodings(file, head);
        if (name.endsWith(".csv")) {
            return CSV;
        }
        int first = firstCharacter(head);
        if (first == '[') {
            return JSON_ARRAY;
        }
        if (first == '{' || name.endsWith(".jsonl") || name.endsWith(".json") || name.endsWith(".ndjson")) {
            return JSONL;
        }
        throw new BadInput(file + ": is neither JSONL, a JSON array, Parquet nor named .csv");
    }

    private static void refuseOtherEncodings(Path file, byte[] head) {
        // Without a mark, too: no text begins with a character whose other byte, or bytes, are zero.
        boolean wide = head.length > 1 && (head[0] == 0 || head[1] == 0);
        if (wide || Magic.starts(head, 0xff, 0xfe) || Magic.starts(head, 0xfe, 0xff)) {
            throw new BadInput(file + ": is UTF-16 or UTF-32; save it as UTF-8");
        }
        if (Magic.starts(head, 'P', 'K', 3, 4)) {
            throw new BadInput(file + ": is a zip archive; unpack it first, or use .gz or .zst");
        }
        if (Magic.starts(head, 0x1f, 0x8b) || Magic.starts(head, 0x28, 0xb5, 0x2f, 0xfd)) {
            throw new BadInput(file + ": is compressed twice; unpack it once");
        }
    }

    /** The first byte that is not white space, behind a byte order mark; -1 if there is none. */
    private static int firstCharacter(byte[] head) {
        for (int i = Magic.starts(head, 0xef, 0xbb, 0xbf) ? 3 : 0; i < head.length; i++) {
            if (head[i] != ' ' && head[i] != '\t' && head[i] != '\r' && head[i] != '\n') {
                return head[i];
            }
        }
        return -1;
    }
}
