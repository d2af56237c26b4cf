package candor.cli;

import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/**
 * Standard error of a process that is not the first: kept to itself, but for the error that it ends with, which the first process
 * will tell. A bug of ours is told here, with all of its lines.
 */
final class FollowerErr extends OutputStream {
    private static final String ERROR = "error: ";
    private static final String BUG = ERROR + "this is a bug";

    private final PrintStream out;
    private final ByteArrayOutputStream line = new ByteArrayOutputStream();
    private boolean speaks;
    private String error = "it has ended without saying why";

    FollowerErr(PrintStream out) {
        this.out = out;
    }

    PrintStream stream() {
        return new PrintStream(this, true, StandardCharsets.UTF_8);
    }

    /** Standard output of such a process. */
    static PrintStream silence() {
        return new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8);
    }

    /** From now on, all lines are handed on. */
    synchronized void speak() {
        speaks = true;
    }

    /** Tells the last error, where there is nobody else to do it. */
    synchronized void tellError() {
        if (!speaks) {
            out.println(ERROR + error);
        }
    }

    /** The last error, without the word. */
    synchronized String error() {
        return error;
    }

    @Override
    public synchronized void write(int b) {
        if (b != '\n') {
            line.write(b);
            return;
        }
        String text = line.toString(StandardCharsets.UTF_8);
        line.reset();
        if (text.startsWith(ERROR)) {
            error = text.substring(ERROR.length());
        }
        speaks |= text.startsWith(BUG);
        if (speaks) {
            out.println(text);
        }
    }
}
