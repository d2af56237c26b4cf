package candor.cli;

import candor.world.WorldSettings;
import candor.world.WorldTour;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What users do first, done once for the JVM to look at while it makes its cache ({@code .mvn/start-cache.sh}): a start from the cache
 * loads the classes that were loaded here as they then were. Says nothing, and writes into the folder that it is given alone.
 */
final class Rehearsal {
    private static final String ROW = """
        {"messages": [{"role": "user", "content": "Does it hold?"}, {"role": "assistant", "content": "It does."}]}
        """;

    private Rehearsal() {}

    public static void main(String[] args) throws IOException {
        Path folder = Path.of(args[0]);
        Path rows = Files.writeString(folder.resolve("rows.jsonl"), ROW.repeat(2));
        String run = folder.resolve("run").toString();
        PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8);
        System.setOut(nowhere);
        System.setErr(nowhere);
        Tty.isTerminal(Tty.STDOUT);
        Tty.columns(Tty.STDERR);
        said(nowhere, "--version");
        said(nowhere, "--help");
        said(nowhere, "help", "train", "sft");
        said(nowhere, "eval", "mask", "--help");
        said(nowhere, "no-such-command");
        said(nowhere, "plan", "sft", "--data", rows.toString(), "--backend", "cpu", "--device-memory", "1GB");
        String question = new WorldTour(WorldSettings.DEFAULT).questions().getFirst();
        System.setIn(new ByteArrayInputStream((question + "\n").getBytes(StandardCharsets.UTF_8)));
        said(nowhere, "chat", "--backend", "cpu");
        said(
                nowhere,
                "train",
                "sft",
                "--data",
                rows.toString(),
                "--backend",
                "cpu",
                "--max-steps",
                "1",
                "--output",
                run);
    }

    /** What it ends with does not matter: an option that is gone makes the cache poorer, and nothing else. */
    private static void said(PrintStream nowhere, String... line) {
        Candor.run(nowhere, nowhere, line);
    }
}
