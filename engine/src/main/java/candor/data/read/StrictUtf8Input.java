package candor.data.read;

import java.io.IOException;
import java.io.InputStream;

/**
 * The bytes of a {@link ByteSource}, refused where they are no valid UTF-8 (RFC 3629: no overlong forms, no surrogates)
 * or where one row takes more than its share.
 */
final class StrictUtf8Input extends InputStream {
    /** Why the stream stopped; the message says what and on which line. */
    static final class Refused extends IOException {
        private static final long serialVersionUID = 1L;
        private final long line;

        Refused(long line, String message) {
            super(message);
            this.line = line;
        }

        long line() {
            return line;
        }
    }

    /** Decoder and parser ask for their next buffers before they need them; so much may belong to the rows behind. */
    private static final int READ_AHEAD = 1 << 14;

    private final ByteSource source;
    private final int maxRowBytes;
    private long rowBytes;
    // The continuation bytes still due, and the range that the next of them must lie in.
    private int due;
    private int low;
    private int high;

    StrictUtf8Input(ByteSource source, int maxRowBytes) {
        this.source = source;
        this.maxRowBytes = maxRowBytes;
    }

    /** Starts the count of a row's bytes anew; what a parser has read ahead counts for the row before. */
    void startRow() {
        rowBytes = 0;
    }

    @Override
    public int read() throws IOException {
        long line = source.line();
        int b = source.read();
        if (b == ByteSource.END) {
            if (due > 0) {
                throw new Refused(line, "is not valid UTF-8");
            }
            return -1;
        }
        if (++rowBytes > (long) maxRowBytes + READ_AHEAD) {
            throw new Refused(line, "is in a row longer than the " + maxRowBytes + " bytes that a row may have");
        }
        if (!accept(b)) {
            throw new Refused(line, "is not valid UTF-8");
        }
        return b;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        int count = 0;
        while (count < length) {
            int b = read();
            if (b < 0) {
                break;
            }
            target[offset + count++] = (byte) b;
        }
        return count == 0 && length > 0 ? -1 : count;
    }

    /** Unicode standard, table 3-7: the second byte's range depends on the first, later ones are 80 to BF. */
    private boolean accept(int b) {
        if (due > 0) {
            boolean fits = b >= low && b <= high;
            due--;
            low = 0x80;
            high = 0xbf;
            return fits;
        }
        if (b < 0x80) {
            return true;
        }
        if (b < 0xc2 || b > 0xf4) {
            return false;
        }
        due = b < 0xe0 ? 1 : b < 0xf0 ? 2 : 3;
        low = b == 0xe0 ? 0xa0 : b == 0xf0 ? 0x90 : 0x80;
        high = b == 0xed ? 0x9f : b == 0xf4 ? 0x8f : 0xbf;
        return true;
    }
}
