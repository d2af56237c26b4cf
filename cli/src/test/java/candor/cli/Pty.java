package candor.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Assumptions;

/**
 * A program on a real pseudo-terminal, which script(1) of util-linux makes: what is typed goes through the terminal's own line
 * discipline, so Ctrl-C is the signal that a person's Ctrl-C is.
 */
final class Pty implements AutoCloseable {
    static final String CTRL_C = "\u0003";
    static final String CTRL_D = "\u0004";

    private static final Duration PATIENCE = Duration.ofSeconds(120);

    private final Path folder;
    private final Process terminal;
    private final StringBuilder output = new StringBuilder();
    private int read;

    private Pty(Path folder, Process terminal) {
        this.folder = folder;
        this.terminal = terminal;
        Thread.ofPlatform().daemon().start(this::listen);
    }

    /** Skips the test by name where there is no pseudo-terminal. */
    static void assumeThere() {
        String found = "";
        try {
            Process version = new ProcessBuilder("script", "--version")
                    .redirectErrorStream(true)
                    .start();
            found = new String(version.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            // told below
        }
        Assumptions.assumeTrue(resetsSignals(), "no pseudo-terminal to test on: env(1) knows no --default-signal");
        Assumptions.assumeTrue(
                found.contains("util-linux"), "no pseudo-terminal to test on: script(1) of util-linux is not there");
    }

    private static boolean resetsSignals() {
        try {
            return new ProcessBuilder("env", "--default-signal=HUP,INT,TERM", "true")
                            .redirectErrorStream(true)
                            .start()
                            .waitFor()
                    == 0;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Java as it runs this test, with a main class and its arguments. */
    static List<String> java(Class<?> main, String... arguments) {
        List<String> words = new ArrayList<>();
        words.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(word -> !word.startsWith("-javaagent") && !word.startsWith("-Xmx"))
                .forEach(words::add);
        words.addAll(List.of("-XX:+UseSerialGC", "-Xmx1g"));
        words.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
        words.addAll(List.of(arguments));
        return words;
    }

    /** Starts a command on a terminal of 100 columns. */
    static Pty start(Path folder, List<String> command) {
        return start(folder, 100, "", "", command);
    }

    /**
     * Starts a command.
     *
     * @param folder   of the test, for a few files
     * @param prologue what a shell does before it, such as {@code export TERM=dumb}
     * @param redirect where the shell sends its output, such as {@code 2>file}
     */
    static Pty start(Path folder, int columns, String prologue, String redirect, List<String> command) {
        try {
            Path place = Files.createTempDirectory(folder, "pty");
            String words = command.stream()
                    .map(word -> "'" + word.replace("'", "'\\''") + "'")
                    .collect(Collectors.joining(" "));
            write(
                    place,
                    "program.sh",
                    "echo $$ >pid.new && mv pid.new pid",
                    prologue,
                    "exec " + words + " " + redirect);
            // Outlives the program, to tell how it ended.
            write(place, "witness.sh", "trap : INT TERM HUP", "sh program.sh", "echo $? >code.new && mv code.new code");
            // The session's leader, which a hang-up ends as it ends a person's shell; the system then tells the others.
            write(
                    place,
                    "session.sh",
                    "cd '" + place + "'",
                    "stty cols " + columns + " rows 24",
                    "export TERM=xterm",
                    "trap : INT TERM",
                    "sh witness.sh",
                    "exit");
            return new Pty(
                    place,
                    new ProcessBuilder(terminal("sh '" + place.resolve("session.sh") + "'"))
                            .redirectErrorStream(true)
                            .start());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * A command on a terminal of its own. Where this test's own process ignores signals, as below nohup or in the background
     * of a shell, its children would, too: a person's terminal starts with the defaults, and so does this one.
     */
    private static List<String> terminal(String command) {
        return List.of("env", "--default-signal=HUP,INT,TERM", "script", "-q", "-f", "-c", command, "/dev/null");
    }

    private static void write(Path folder, String name, String... lines) throws IOException {
        Files.writeString(folder.resolve(name), String.join("\n", lines) + "\n");
    }

    private void listen() {
        try (InputStream in = terminal.getInputStream()) {
            byte[] bytes = new byte[8192];
            for (int n = in.read(bytes); n >= 0; n = in.read(bytes)) {
                hear(new String(bytes, 0, n, StandardCharsets.UTF_8));
            }
        } catch (IOException e) {
            hear("(" + e.getMessage() + ")");
        }
    }

    private synchronized void hear(String text) {
        output.append(text);
        notifyAll();
    }

    /** What the terminal has shown so far, as the bytes came. */
    synchronized String output() {
        return output.toString();
    }

    /** Waits until the terminal shows a text behind what was awaited before. */
    synchronized Pty await(String text) {
        long end = System.nanoTime() + PATIENCE.toNanos();
        int at = output.indexOf(text, read);
        while (at < 0) {
            long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
            if (left <= 0) {
                throw new AssertionError("the terminal never showed \"" + text + "\", but\n" + output);
            }
            try {
                wait(left);
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
            at = output.indexOf(text, read);
        }
        read = at + text.length();
        return this;
    }

    Pty type(String keys) {
        try {
            OutputStream keyboard = terminal.getOutputStream();
            keyboard.write(keys.getBytes(StandardCharsets.UTF_8));
            keyboard.flush();
            return this;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Sends the program a signal, by its name. */
    Pty signal(String name) {
        try {
            new ProcessBuilder("kill", "-" + name, text("pid")).start().waitFor();
            return this;
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** The window is closed. */
    Pty hangUp() {
        terminal.destroyForcibly();
        return this;
    }

    /** The program's exit code, as a shell has it; waits for its end. */
    int code() {
        return Integer.parseInt(text("code"));
    }

    /** Waits for a file of the scripts. */
    private String text(String file) {
        Path path = folder.resolve(file);
        long end = System.nanoTime() + PATIENCE.toNanos();
        try {
            while (!Files.exists(path)) {
                if (System.nanoTime() > end) {
                    throw new AssertionError("no " + file + " came; the terminal shows\n" + output());
                }
                Thread.sleep(5);
            }
            return Files.readString(path).strip();
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public void close() {
        if (Files.exists(folder.resolve("pid")) && !Files.exists(folder.resolve("code"))) {
            signal("KILL");
        }
        terminal.destroyForcibly();
    }
}
