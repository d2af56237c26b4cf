package candor.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.List;

/**
 * A program that does the same work, to be measured in turns with ours so that what else the machine does falls on both. It
 * prints "ready"; for every line on its input it works once, and prints the seconds and the processor seconds that took.
 */
final class Peer implements AutoCloseable {
    /** For the end of a process that has nothing more to do, but gigabytes to give back. */
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final Process process;
    private final BufferedReader out;
    private final PrintWriter in;

    Peer(List<String> command) throws IOException {
        process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        out = process.inputReader();
        in = new PrintWriter(process.outputWriter(), true);
        if (!"ready".equals(out.readLine())) {
            throw new IOException("the peer did not start: " + command);
        }
    }

    /** One turn: seconds and processor seconds. */
    double[] turn() throws IOException {
        in.println();
        String line = out.readLine();
        if (line == null) {
            throw new IOException("the peer ended");
        }
        String[] numbers = line.split(" ");
        return new double[] {Double.parseDouble(numbers[0]), Double.parseDouble(numbers[1])};
    }

    long pid() {
        return process.pid();
    }

    /** Ends when the peer has: the next measurement wants its memory and the processor. */
    @Override
    public void close() {
        in.close(); // the end of its input is the peer's end
        try {
            if (!process.waitFor(PATIENCE)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
