package candor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a run shows on a terminal, and what it writes where there is none. */
@Timeout(300)
class TerminalOutputTest {
    private static final int COLUMNS = 40;

    @TempDir
    private Path temp;

    @BeforeEach
    void needsATerminal() {
        Pty.assumeThere();
    }

    private String run(String prologue, String redirect) throws IOException {
        Path golden = Path.of(System.getProperty("candor.goldens"), "qwen3");
        List<String> command = Pty.java(
                Candor.class,
                "train",
                "sft",
                "--model",
                golden.resolve("model").toString(),
                "--data",
                golden.resolve("sft/train.jsonl").toString(),
                "--max-length",
                "90",
                "--per-device-train-batch-size",
                "1",
                "--max-steps",
                "4",
                "--logging-steps",
                "2",
                "--threads",
                "1",
                "--output",
                temp.resolve("run").toString());
        try (Pty pty = Pty.start(temp, COLUMNS, prologue, redirect, command)) {
            assertThat(pty.code()).as(pty.output()).isZero();
            return pty.await(temp.resolve("run/adapter").toString()).output();
        }
    }

    @Test
    void linesStayAboveABarThatFitsAndTheLastHasItsLoss() throws IOException {
        String shown = run("", "");
        List<String> bars = Stream.of(shown.split("[\r\n]+"))
                .filter(row -> row.matches(".*\\d/4 steps.*"))
                .toList();
        assertThat(bars).isNotEmpty().allSatisfy(bar -> assertThat(bar).hasSizeLessThan(COLUMNS));
        List<String> lines = Stream.of(shown.split("\r?\n"))
                .map(line -> line.substring(line.lastIndexOf('\r') + 1))
                .filter(line -> line.contains(" INFO "))
                .toList();
        assertThat(lines).anySatisfy(line -> assertThat(line).contains("step 2 of 4, loss "));
        assertThat(lines.getLast()).containsPattern("done after 4 steps, loss \\d+\\.\\d{4}$");
        assertThat(shown).doesNotContain("\u001b");
    }

    @Test
    void aFileGetsPlainLines() throws IOException {
        Path err = temp.resolve("err.txt");
        run("", "2>'" + err + "'");
        assertThat(err)
                .content()
                .contains("step 2 of 4, loss ", "done after 4 steps, loss ")
                .doesNotContain("\u001b", "\r");
    }

    @Test
    void aDumbTerminalGetsPlainLines() throws IOException {
        String shown = run("export TERM=dumb", "").replace("\r\n", "\n"); // the terminal's own ends of lines
        assertThat(shown).contains("done after 4 steps, loss ").doesNotContain("\u001b", "\r");
        assertThat(Files.exists(temp.resolve("run/adapter"))).isTrue();
    }
}
