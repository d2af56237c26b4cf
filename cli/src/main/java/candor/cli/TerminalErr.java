package candor.cli;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.IntSupplier;

/**
 * Standard error on a terminal, with rows at its end that are written over in place: how far jobs are. Lines go above them and
 * stay.
 *
 * <p>For one row, carriage returns and blanks do it; more of them need two codes of ECMA-48 that every terminal knows: a line
 * up (CUU), and erase to the end (ED). A terminal that is gone takes nothing, and nobody minds.
 */
final class TerminalErr extends PrintStream {
    /** Where nobody knows how wide the window is. */
    private static final int USUAL_COLUMNS = 80;

    /** What stays free behind a row: the last column, where a terminal would begin a new row, and two for the ^C that it shows. */
    private static final int FREE_COLUMNS = 3;

    /** Of these, what is not empty after a Ctrl-C. */
    private static final int ECHO_COLUMNS = 2;

    private static final String LINE_UP = "\u001b[A";
    private static final String ERASE_BELOW = "\u001b[J";

    private final Screen screen;

    /** @param columns of the window; 0 where it is not known */
    static TerminalErr over(OutputStream sink, IntSupplier columns) {
        return new TerminalErr(new Screen(sink, columns));
    }

    private TerminalErr(Screen screen) {
        super(screen, true, StandardCharsets.UTF_8);
        this.screen = screen;
    }

    /** What a row may hold. */
    int columns() {
        return screen.room();
    }

    /** Puts texts, none wider than {@link #columns}, in place of the last rows; none takes them away. */
    void rows(List<String> texts) {
        screen.rows(List.copyOf(texts));
    }

    /** Takes the rows away for good, where standard error has any: the process is about to end. */
    static void leave(PrintStream err) {
        if (err instanceof TerminalErr terminal) {
            terminal.screen.leave();
        }
    }

    /** Another way to the same terminal, standard output: what goes there is above the rows, too. */
    OutputStream beside(OutputStream other) {
        return new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                write(new byte[] {(byte) b}, 0, 1);
            }

            @Override
            public void write(byte[] bytes, int offset, int length) throws IOException {
                screen.write(other, bytes, offset, length);
            }

            @Override
            public void flush() throws IOException {
                other.flush();
            }
        };
    }

    /** The terminal as it stands: complete lines, then the rows. */
    private static final class Screen extends OutputStream {
        private final OutputStream sink;
        private final IntSupplier columns;
        private List<String> rows = List.of();
        /** What stands there; none while a line is written. */
        private List<String> shown = List.of();

        private boolean withinLine;
        private boolean left;

        Screen(OutputStream sink, IntSupplier columns) {
            this.sink = sink;
            this.columns = columns;
        }

        int room() {
            return Math.max(0, wide() - FREE_COLUMNS);
        }

        private int wide() {
            int wide = columns.getAsInt();
            return wide > 0 ? wide : USUAL_COLUMNS;
        }

        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            write(sink, bytes, offset, length);
        }

        synchronized void write(OutputStream to, byte[] bytes, int offset, int length) throws IOException {
            if (length == 0) {
                return;
            }
            clear();
            sink.flush();
            to.write(bytes, offset, length);
            to.flush();
            withinLine = bytes[offset + length - 1] != '\n';
            draw();
        }

        synchronized void leave() {
            rows(List.of());
            left = true;
        }

        synchronized void rows(List<String> texts) {
            if (left || texts.equals(rows)) {
                return;
            }
            rows = texts;
            try {
                if (shown.size() == 1
                        && texts.size() == 1
                        && texts.getFirst().length() >= shown.getFirst().length()) {
                    sink.write('\r'); // the new text covers the old one
                    shown = List.of();
                } else {
                    clear();
                }
                draw();
            } catch (IOException e) {
                shown = List.of(); // the terminal is gone
            }
        }

        private void clear() throws IOException {
            if (shown.isEmpty()) {
                return;
            }
            int lines = lines();
            int first = shown.getFirst().length();
            String cleared = lines == 1
                    ? "\r" + " ".repeat(Math.max(first, Math.min(first + ECHO_COLUMNS, wide() - 1))) + "\r"
                    : "\r" + LINE_UP.repeat(lines - 1) + ERASE_BELOW;
            sink.write(cleared.getBytes(StandardCharsets.US_ASCII));
            shown = List.of();
        }

        /** Lines of the terminal that the rows take: more than one each where the window has become narrower. */
        private int lines() {
            int wide = wide();
            return shown.stream()
                    .mapToInt(row -> Math.max(1, Math.ceilDiv(row.length(), wide)))
                    .sum();
        }

        private void draw() throws IOException {
            if (!withinLine && !rows.isEmpty()) {
                sink.write(String.join("\n", rows).getBytes(StandardCharsets.UTF_8));
                shown = rows;
            }
            sink.flush();
        }

        @Override
        public synchronized void flush() throws IOException {
            sink.flush();
        }
    }
}
