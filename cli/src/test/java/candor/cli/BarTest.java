package candor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The last row of a terminal: what stands in it, and that lines stay above it. */
class BarTest {
    private static final List<String> NUMBERS = List.of("loss 1.2345", "512 tok/s", "310 MiB");

    private static String row(int columns, long done) {
        return Bar.row(columns, "steps", done, 60, Duration.ofSeconds(21), NUMBERS);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "79| 50% [========        ] 30/60 steps, loss 1.2345, 0:21 left, 512 tok/s, 310 MiB",
                "62|50% 30/60 steps, loss 1.2345, 0:21 left, 512 tok/s, 310 MiB",
                "57|30/60 steps, loss 1.2345, 0:21 left, 512 tok/s, 310 MiB",
                "39|30/60 steps, loss 1.2345, 0:21 left",
                "30|50% 30/60 steps, loss 1.2345",
                "20| 50% 30/60 steps",
                "10|30/60 step"
            })
    void aNarrowWindowKeepsWhatMattersMost(int columns, String expected) {
        assertThat(row(columns, 30).strip()).isEqualTo(expected.strip());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 12, 40, 80, 250})
    void neverWiderThanTheWindow(int columns) {
        for (long done : List.of(0L, 1L, 59L, 60L)) {
            assertThat(row(columns, done).length()).isLessThanOrEqualTo(columns);
        }
        assertThat(Bar.row(columns, "rows", 0, 0, null, List.of()).length()).isLessThanOrEqualTo(columns);
    }

    /** What a terminal shows in the end of the bytes that came: a carriage return goes back to the row's beginning. */
    private static List<String> screen(ByteArrayOutputStream bytes) {
        return Stream.of(bytes.toString(StandardCharsets.UTF_8).split("\n"))
                .map(BarTest::shown)
                .filter(line -> !line.isEmpty())
                .toList();
    }

    private static String shown(String line) {
        StringBuilder row = new StringBuilder();
        for (String piece : line.split("\r", -1)) {
            row.replace(0, Math.min(row.length(), piece.length()), piece);
        }
        return row.toString().stripTrailing();
    }

    @Test
    void linesStayAboveTheRow() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        TerminalErr terminal = TerminalErr.over(bytes, () -> 40);
        terminal.println("begins");
        terminal.row("1/3 steps, loss 3.0000");
        terminal.row("2/3 steps, loss 2.5");
        terminal.println("step 2, loss 2.5");
        terminal.print("a line in ");
        terminal.row("3/3 steps");
        terminal.println("two pieces");
        assertThat(screen(bytes)).containsExactly("begins", "step 2, loss 2.5", "a line in two pieces", "3/3 steps");
        terminal.row("");
        terminal.println("ends");
        assertThat(screen(bytes)).containsExactly("begins", "step 2, loss 2.5", "a line in two pieces", "ends");
        assertThat(bytes.toString(StandardCharsets.UTF_8)).doesNotContain("\u001b");
    }

    @Test
    void theLastColumnStaysFree() {
        assertThat(TerminalErr.over(OutputStream.nullOutputStream(), () -> 40).columns())
                .isEqualTo(39);
        assertThat(TerminalErr.over(OutputStream.nullOutputStream(), () -> 0).columns())
                .isEqualTo(79);
    }

    @Test
    void aTerminalThatIsGoneDisturbsNobody() {
        TerminalErr terminal = TerminalErr.over(
                new OutputStream() {
                    @Override
                    public void write(int b) throws IOException {
                        throw new IOException("Input/output error");
                    }
                },
                () -> 80);
        terminal.row("1/3 steps");
        terminal.println("step 1");
        terminal.row("");
        assertThat(terminal.checkError()).isTrue();
    }
}
