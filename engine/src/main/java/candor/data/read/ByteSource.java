package candor.data.read;

import candor.BadInput;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;

/**
 * Bytes of a UTF-8 file, unpacked, behind its byte order mark, with the number of the line that is being read. Only at the
 * very beginning is U+FEFF such a mark; anywhere else it is a character of the data.
 */
final class ByteSource implements AutoCloseable {
    static final int END = -1;

    private final Path file;
    private final InputStream in;
    private final byte[] buffer = new byte[1 << 16];
    private int position;
    private int limit;
    private long line = 1;

    ByteSource(Path file) {
        this.file = file;
        in = Compression.open(file);
        try {
            limit = in.readNBytes(buffer, 0, buffer.length);
        } catch (IOException e) {
            close();
            throw unreadable(e);
        }
        if (limit >= 3 && buffer[0] == (byte) 0xef && buffer[1] == (byte) 0xbb && buffer[2] == (byte) 0xbf) {
            position = 3;
        }
    }

    /** The next byte from 0 to 255, or {@link #END}. */
    int read() {
        if (position == limit && !refill()) {
            return END;
        }
        int b = buffer[position++] & 0xff;
        if (b == '\n' || b == '\r' && peek() != '\n') {
            line++;
        }
        return b;
    }

    /** The byte that {@link #read} gives next. */
    int peek() {
        return position == limit && !refill() ? END : buffer[position] & 0xff;
    }

    /** The line of the next byte, from 1. */
    long line() {
        return line;
    }

    private boolean refill() {
        try {
            limit = Math.max(0, in.read(buffer));
        } catch (IOException e) {
            throw unreadable(e);
        }
        position = 0;
        return limit > 0;
    }

    private BadInput unreadable(IOException e) {
        return Compression.unreadable(file, e);
    }

    @Override
    public void close() {
        try {
            in.close();
        } catch (IOException e) {
            throw unreadable(e);
        }
    }
}
