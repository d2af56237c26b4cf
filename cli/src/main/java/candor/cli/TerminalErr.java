package candor.cli;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.function.IntSupplier;

/**
 * Standard error on a terminal, with a row at its end that is written over in place: a progress bar. Lines go above it and stay.
 *
 * <p>Carriage returns and blanks do it, no escape codes. A terminal that is gone takes nothing, and nobody minds.
 */
final class TerminalErr extends PrintStream {
    /** Where nobody knows how wide the window is. */
    private static final int USUAL_COLUMNS = 80;

    private final Screen screen;

    /** @param columns of the window; 0 where it is not known */
    static TerminalErr over(OutputStream sink, IntSupplier columns) {
        return new TerminalErr(new Screen(sink, columns));
    }

    private TerminalErr(Screen screen) {
        super(screen, true, StandardCharsets.UTF_8);
        this.screen = screen;
    }

    /** What the last row may hold: the last column stays free, where a terminal would begin a new row. */
    int columns() {
        return screen.room();
    }

    /** Puts a text, no wider than {@link #columns}, in place of the last row; none takes the row away. */
    void row(String text) {
        screen.row(text);
    }

    /** The terminal as it stands: complete lines, then the row. */
    private static final class Screen extends OutputStream {
        private final OutputStream sink;
        private final IntSupplier columns;
        private String row = "";
        private int shown;
        private boolean withinLine;

        Screen(OutputStream sink, IntSupplier columns) {
            this.sink = sink;
            this.columns = columns;
        }

        int room() {
            int wide = columns.getAsInt();
            return (wide > 0 ? wide : USUAL_COLUMNS) - 1;
        }

        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public synchronized void write(byte[] bytes, int offset, int length) throws IOException {
            if (length == 0) {
                return;
            }
            clear();
            sink.write(bytes, offset, length);
            withinLine = bytes[offset + length - 1] != '\n';
            draw();
        }

        synchronized void row(String text) {
            if (text.equals(row)) {
                return;
            }
            row = text;
            try {
                if (text.length() >= shown && shown > 0) {
                    sink.write('\r'); // the new text covers the old one
                    shown = 0;
                } else {
                    clear();
                }
                draw();
            } catch (IOException e) {
                shown = 0; // the terminal is gone
            }
        }

        private void clear() throws IOException {
            if (shown > 0) {
                sink.write(("\r" + " ".repeat(Math.min(shown, room())) + "\r").getBytes(StandardCharsets.US_ASCII));
                shown = 0;
            }
        }

        private void draw() throws IOException {
            if (!withinLine && !row.isEmpty()) {
                sink.write(row.getBytes(StandardCharsets.UTF_8));
                shown = row.length();
            }
            sink.flush();
        }

        @Override
        public synchronized void flush() throws IOException {
            sink.flush();
        }
    }
}
