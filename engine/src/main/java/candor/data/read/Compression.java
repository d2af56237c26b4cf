package candor.data.read;

import candor.BadInput;
import candor.io.IoReason;
import com.github.luben.zstd.ZstdInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.zip.GZIPInputStream;

/** How a whole file is compressed, told by its first bytes; it is unpacked as it is read, and never lies unpacked anywhere. */
enum Compression {
    NONE(""),
    GZIP(".gz", 0x1f, 0x8b),
    ZSTD(".zst", 0x28, 0xb5, 0x2f, 0xfd);

    /** What may come out of a file, however small it is. */
    private static final long FLOOR = 1L << 30;

    /** What may come out of each of its bytes: DEFLATE reaches 1,032, and text a tenth of that. */
    private static final long MOST_RATIO = 1100;

    private static final int MOST_MAGIC = 4;

    private final String ending;
    private final int[] magic;

    Compression(String ending, int... magic) {
        this.ending = ending;
        this.magic = magic;
    }

    static Compression of(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] head = in.readNBytes(MOST_MAGIC);
            return Magic.starts(head, GZIP.magic) ? GZIP : Magic.starts(head, ZSTD.magic) ? ZSTD : NONE;
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    /** The names that a file may have, itself and compressed. */
    static List<String> names(String bare) {
        return Arrays.stream(values()).map(kind -> bare + kind.ending).toList();
    }

    /** The name without the ending of a compressed file: {@code rows.csv} of {@code rows.csv.gz}. */
    static String bareName(Path file) {
        String name = file.getFileName().toString();
        for (Compression kind : values()) {
            if (kind != NONE && name.toLowerCase(Locale.ROOT).endsWith(kind.ending)) {
                return name.substring(0, name.length() - kind.ending.length());
            }
        }
        return name;
    }

    /**
     * The bytes of a file, unpacked.
     *
     * @throws BadInput if it cannot be opened; reading on throws an {@link IOException} that says why
     */
    static InputStream open(Path file) {
        InputStream in = null;
        try {
            in = Files.newInputStream(file);
            long most = Math.max(FLOOR, Math.multiplyExact(Files.size(file), MOST_RATIO));
            return switch (of(file)) {
                case NONE -> in;
                case GZIP -> new UnpackedInput(new GZIPInputStream(in, 1 << 16), most);
                case ZSTD -> new UnpackedInput(new ZstdInputStream(in), most);
            };
        } catch (IOException e) {
            closeQuietly(in);
            throw unreadable(file, e);
        }
    }

    private static void closeQuietly(InputStream in) {
        try {
            if (in != null) {
                in.close();
            }
        } catch (IOException _) {
            // What went wrong before is what is told.
        }
    }

    static BadInput unreadable(Path file, IOException e) {
        return new BadInput(file + ": cannot be read: " + IoReason.of(e), e);
    }
}
