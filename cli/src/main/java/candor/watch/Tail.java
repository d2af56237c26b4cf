package candor.watch;

import candor.io.Json;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.Consumer;

/**
 * The lines of a file that others write, each read once: a look goes on from where the last one ended, so that it costs what has
 * come since. A line counts once its line break is there. A file that was cut back or replaced is read anew.
 */
final class Tail {
    /** A longer line is passed over. */
    static final int MOST_LINE_BYTES = 1 << 20;

    /** So many bytes before the place that was read to show whether the file is still the one that was read. */
    private static final int MARK_BYTES = 256;

    /** Of more than this that is to be read, a part stands for the whole where that is enough. */
    private static final long MUCH = 64L * MOST_LINE_BYTES;

    /** So many pieces of it are read. */
    private static final int PIECES = 48;

    private static final ObjectMapper JSON = Json.mapper(MOST_LINE_BYTES);

    private final Path file;
    private final Consumer<ObjectNode> line;
    private final Runnable anew;
    private final boolean all;
    private long offset;
    private byte[] mark = {};
    private long size;
    /** Whether the place is within a line that is too long. */
    private boolean within;

    /**
     * A file that may not be there yet.
     *
     * @param all  whether every line counts; if not, of a very long file pieces all along it are read, and its end
     * @param line takes each line that is a JSON object; others are passed over
     * @param anew told that all lines before are void
     */
    Tail(Path file, boolean all, Consumer<ObjectNode> line, Runnable anew) {
        this.all = all;
        this.file = file;
        this.line = line;
        this.anew = anew;
    }

    /**
     * Reads what has come.
     *
     * @param until {@link System#nanoTime} when it is enough for now
     */
    void read(long until) {
        if (!Files.isRegularFile(file)) {
            begin();
            return;
        }
        try (FileChannel channel = FileChannel.open(file)) {
            size = channel.size();
            if (size < offset || !Arrays.equals(mark, bytes(channel, offset - mark.length, mark.length))) {
                begin();
                size = channel.size();
            }
            boolean more = true;
            while (more && offset < size && take(channel)) {
                mark = bytes(channel, Math.max(0, offset - MARK_BYTES), (int) Math.min(MARK_BYTES, offset));
                more = System.nanoTime() < until;
            }
        } catch (IOException e) {
            size = offset; // gone, or not to be read now: the next look tells
        }
    }

    private void begin() {
        if (offset > 0) {
            offset = 0;
            mark = new byte[0];
            within = false;
            anew.run();
        }
        size = 0;
    }

    /** Takes the whole lines of the next piece; false where there is none. */
    private boolean take(FileChannel channel) throws IOException {
        byte[] piece = bytes(channel, offset, (int) Math.min(MOST_LINE_BYTES, size - offset));
        int start = 0;
        for (int i = 0; i < piece.length; i++) {
            if (piece[i] == '\n') {
                if (!within) {
                    take(new String(piece, start, i - start, StandardCharsets.UTF_8));
                }
                within = false;
                start = i + 1;
            }
        }
        if (start == 0 && piece.length == MOST_LINE_BYTES) {
            within = true;
            start = piece.length;
        }
        offset += start;
        if (!all && size - offset > MUCH) {
            offset += (size - offset - MUCH / 4) / PIECES;
            within = true;
        }
        return start > 0;
    }

    private void take(String text) {
        try {
            if (JSON.readTree(text) instanceof ObjectNode object) {
                line.accept(object);
            }
        } catch (JsonProcessingException e) {
            return; // whoever wrote it did not mean us
        }
    }

    private static byte[] bytes(FileChannel channel, long from, int count) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(count);
        for (int n = 0; n >= 0 && bytes.hasRemaining(); ) {
            n = channel.read(bytes, from + bytes.position());
        }
        return Arrays.copyOf(bytes.array(), bytes.position());
    }

    /** Whether there is more than was read, a line that is being written left out. */
    boolean behind() {
        return size - offset > MOST_LINE_BYTES;
    }

    /** The share of the file that was read, from 0 to 1. */
    double read() {
        return size == 0 ? 1 : offset / (double) size;
    }
}
