package candor.data.read;

import candor.BadInput;
import candor.IoReason;
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
            throw new BadInput(
                    file + (Files.exists(file) ? ": is no file but a folder or a device" : ": no such file"));
        }
    }

    static FileKind of(Path file) {
        requireFile(file);
        byte[] head;
        try (InputStream in = Files.newInputStream(file)) {
            head = in.readNBytes(SNIFFED_BYTES);
        } catch (IOException e) {
            throw new BadInput(file + ": cannot be read: " + IoReason.of(e), e);
        }
        String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
        if (startsWith(head, 'P', 'A', 'R', '1')) {
            return PARQUET;
        }
        if (name.endsWith(".parquet")) {
            throw new BadInput(file + ": is no Parquet file (it does not start with PAR1)");
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
        if (startsWith(head, 0xff, 0xfe) || startsWith(head, 0xfe, 0xff)) {
            throw new BadInput(file + ": is UTF-16 or UTF-32; save it as UTF-8");
        }
        if (startsWith(head, 0x1f, 0x8b)
                || startsWith(head, 'P', 'K', 3, 4)
                || startsWith(head, 0x28, 0xb5, 0x2f, 0xfd)) {
            throw new BadInput(file + ": is compressed; unpack it first");
        }
    }

    private static boolean startsWith(byte[] head, int... bytes) {
        if (head.length < bytes.length) {
            return false;
        }
        for (int i = 0; i < bytes.length; i++) {
            if ((head[i] & 0xff) != bytes[i]) {
                return false;
            }
        }
        return true;
    }

    /** The first byte that is not white space, behind a byte order mark; -1 if there is none. */
    private static int firstCharacter(byte[] head) {
        for (int i = startsWith(head, 0xef, 0xbb, 0xbf) ? 3 : 0; i < head.length; i++) {
            if (head[i] != ' ' && head[i] != '\t' && head[i] != '\r' && head[i] != '\n') {
                return head[i];
            }
        }
        return -1;
    }
}
