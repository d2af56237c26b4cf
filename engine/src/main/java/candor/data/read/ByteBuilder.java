package candor.data.read;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Bytes of one text, up to a limit; what comes behind the limit is dropped and remembered as too much. */
final class ByteBuilder {
    private static final int KEPT_BYTES = 1 << 16;

    private final int max;
    private byte[] bytes = new byte[1 << 12];
    private int size;
    private boolean tooLong;

    ByteBuilder(int max) {
        this.max = max;
    }

    void clear() {
        if (bytes.length > KEPT_BYTES) {
            bytes = new byte[KEPT_BYTES];
        }
        size = 0;
        tooLong = false;
    }

    void add(int b) {
        if (size == max) {
            tooLong = true;
            return;
        }
        if (size == bytes.length) {
            bytes = Arrays.copyOf(bytes, (int) Math.min(2L * size, max));
        }
        bytes[size++] = (byte) b;
    }

    int size() {
        return size;
    }

    boolean tooLong() {
        return tooLong;
    }

    boolean isBlank() {
        for (int i = 0; i < size; i++) {
            if (bytes[i] != ' ' && bytes[i] != '\t' && bytes[i] != '\r') {
                return false;
            }
        }
        return true;
    }

    /** The bytes from an offset on as text; null if they are no valid UTF-8. */
    String text(int from) {
        String text = new String(bytes, from, size - from, StandardCharsets.UTF_8);
        // The quick decoder puts U+FFFD for what is not valid; only then is it worth asking whether the file says so
        // itself.
        if (text.indexOf('\ufffd') < 0) {
            return text;
        }
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes, from, size - from))
                    .toString();
        } catch (CharacterCodingException e) {
            return null;
        }
    }
}
