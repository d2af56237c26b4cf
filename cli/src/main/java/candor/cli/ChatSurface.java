package candor.cli;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.UserInterruptException;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;

/** Where a conversation is held. */
abstract sealed class ChatSurface implements AutoCloseable {
    /** A terminal, if this process has one for input and output; pipes otherwise. */
    static ChatSurface open() {
        boolean terminal = Tty.isTerminal(Tty.STDIN) && Tty.isTerminal(Tty.STDOUT);
        return terminal ? new OnTerminal() : new OverPipes();
    }

    /** The next line that was said; null at the end. */
    abstract String read();

    /** A piece of the reply. */
    abstract void reply(String piece);

    abstract void replyEnds();

    /** Something beside the conversation. */
    abstract void note(String text);

    /** Whether the reply shall stop; begins anew with each reply. */
    abstract BooleanSupplier stopWanted();

    @Override
    public abstract void close();

    /** Lines from stdin, replies to stdout, everything else to stderr. */
    private static final class OverPipes extends ChatSurface {
        private final TextLines lines = new TextLines("stdin", System.in);

        @Override
        String read() {
            return lines.next();
        }

        @Override
        void reply(String piece) {
            System.out.print(piece);
            System.out.flush();
        }

        @Override
        void replyEnds() {
            System.out.println();
        }

        @Override
        void note(String text) {
            System.err.println(text);
        }

        @Override
        BooleanSupplier stopWanted() {
            return () -> false;
        }

        @Override
        public void close() {
            lines.close();
        }
    }

    /** Line editing, and Ctrl-C for the reply alone. What the model says cannot steer the terminal. */
    private static final class OnTerminal extends ChatSurface {
        private final Terminal terminal;
        private final LineReader reader;
        private final AtomicBoolean stop = new AtomicBoolean();

        OnTerminal() {
            try {
                terminal = TerminalBuilder.builder().name("candor").build();
            } catch (IOException e) {
                throw new IllegalStateException("the terminal cannot be opened", e);
            }
            reader = LineReaderBuilder.builder()
                    .terminal(terminal)
                    .option(LineReader.Option.DISABLE_EVENT_EXPANSION, true)
                    .build();
        }

        @Override
        String read() {
            while (true) {
                try {
                    return reader.readLine("> ");
                } catch (UserInterruptException e) {
                    // Ctrl-C drops the line that was begun.
                } catch (EndOfFileException e) {
                    return null;
                }
            }
        }

        @Override
        void reply(String piece) {
            terminal.writer().print(MaskView.printable(piece));
            terminal.flush();
        }

        @Override
        void replyEnds() {
            terminal.writer().println();
            terminal.flush();
        }

        @Override
        void note(String text) {
            terminal.writer().println(MaskView.printable(text));
            terminal.flush();
        }

        @Override
        BooleanSupplier stopWanted() {
            stop.set(false);
            terminal.handle(Terminal.Signal.INT, signal -> stop.set(true));
            return stop::get;
        }

        @Override
        public void close() {
            try {
                terminal.close();
            } catch (IOException e) {
                throw new IllegalStateException("the terminal cannot be closed", e);
            }
        }
    }
}
