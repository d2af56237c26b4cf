package candor.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/**
 * Standard output and standard error: UTF-8 whatever the locale says, and an output that tells when nobody takes it.
 *
 * <p>A plain {@link PrintStream} swallows every {@link IOException}: {@code candor tokenize < corpus | head} would go on
 * to the end of the corpus, and a full disk would go unnoticed.
 */
record Streams(PrintStream out, PrintStream err) {
    /** The reader of our output is gone, as {@code head} is after ten lines. Not an error: there is no one left to tell. */
    static final class BrokenPipe extends RuntimeException {
        private static final long serialVersionUID = 1L;

        BrokenPipe(IOException cause) {
            super(cause);
        }
    }

    /** Our output could not be written, for instance to a full disk. */
    static final class OutputFailed extends RuntimeException {
        private static final long serialVersionUID = 1L;

        OutputFailed(IOException cause) {
            super("cannot write to standard output: " + cause.getMessage(), cause);
        }
    }

    static Streams ofThisProcess() {
        OutputStream err = new Restored(new FileOutputStream(FileDescriptor.err));
        OutputStream out = new FileOutputStream(FileDescriptor.out);
        if (!Tty.canRewrite(Tty.STDERR)) {
            return new Streams(checked(out), new PrintStream(err, true, StandardCharsets.UTF_8));
        }
        TerminalErr terminal = TerminalErr.over(err, () -> Tty.columns(Tty.STDERR));
        return new Streams(checked(Tty.isTerminal(Tty.STDOUT) ? terminal.beside(out) : out), terminal);
    }

    /**
     * The launcher filters what the JVM itself says while it starts, and names the descriptor that standard error was. It is put back
     * before anything of ours is written: a program that has nothing to say there starts sooner. Where it cannot be put back, the
     * filter hands everything on.
     */
    private static final class Restored extends FilterOutputStream {
        private Integer real = Integer.getInteger("candor.stderr");

        Restored(OutputStream sink) {
            super(sink);
        }

        private synchronized void restore() {
            if (real != null) {
                Tty.move(real, Tty.STDERR);
                real = null;
            }
        }

        @Override
        public void write(int b) throws IOException {
            restore();
            out.write(b);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            restore();
            out.write(bytes, offset, length);
        }
    }

    /** A print stream over {@code sink} whose failures are thrown; a line is on its way as soon as it ends. */
    static PrintStream checked(OutputStream sink) {
        return new PrintStream(new Checked(sink), true, StandardCharsets.UTF_8);
    }

    private static final class Checked extends FilterOutputStream {
        Checked(OutputStream sink) {
            super(sink);
        }

        @Override
        public void write(int b) {
            attempt(() -> out.write(b));
        }

        @Override
        public void write(byte[] bytes, int offset, int length) {
            attempt(() -> out.write(bytes, offset, length));
        }

        @Override
        public void flush() {
            attempt(out::flush);
        }

        private interface Write {
            void run() throws IOException;
        }

        private static void attempt(Write write) {
            try {
                write.run();
            } catch (IOException e) {
                // The system's own words for EPIPE: Java has no type for it. Translations of it keep the word "pipe".
                throw String.valueOf(e.getMessage()).contains("pipe") ? new BrokenPipe(e) : new OutputFailed(e);
            }
        }
    }
}
