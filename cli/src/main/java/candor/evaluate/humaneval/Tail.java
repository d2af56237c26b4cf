package candor.evaluate.humaneval;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;

/** The end of what a program prints: it may print without an end, and a few kilobytes say enough. */
final class Tail {
    private static final int BYTES = 8192;
    private static final int WAIT_MILLIS = 2000;

    private final byte[] ring = new byte[BYTES];
    private long read;
    private final Thread reader;

    private Tail(InputStream in) {
        reader = Thread.ofVirtual().unstarted(() -> drain(in));
    }

    static Tail of(InputStream in) {
        Tail tail = new Tail(in);
        tail.reader.start();
        return tail;
    }

    private void drain(InputStream in) {
        byte[] buffer = new byte[4096];
        try (in) {
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                synchronized (this) {
                    for (int i = 0; i < n; i++) {
                        ring[(int) (read++ % BYTES)] = buffer[i];
                    }
                }
            }
        } catch (IOException e) {
            return; // the program was killed; what it printed until then is what there is
        }
    }

    /** The text so far, once the program has closed its output or was given a moment to. */
    String text() throws InterruptedException {
        reader.join(WAIT_MILLIS);
        synchronized (this) {
            int length = (int) Math.min(read, BYTES);
            byte[] bytes = new byte[length];
            for (int i = 0; i < length; i++) {
                bytes[i] = ring[(int) ((read - length + i) % BYTES)];
            }
            return new String(bytes, StandardCharsets.UTF_8);
        }
    }
}
