package candor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The last rows of a terminal: what stands in them, and that lines stay above them. */
class JobRowsTest {
    private static final List<String> NUMBERS = List.of("loss 1.2345", "512 tok/s", "310 MiB");

    private static String row(int columns, long done) {
        return JobRow.text(columns, "", done + "/60 steps", done / 60.0, Optional.of("0:21 left"), NUMBERS, List.of());
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

    @Test
    void aNameCannotMoveTheCursor() {
        JobRow row = new JobRow("runs/\u001b[2J\r\n", "steps", 30, 60);
        row.at(31, List.of());
        assertThat(row.text(60, List.of())).startsWith("runs/?[2J??: ").doesNotContainPattern("\\p{Cntrl}");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 12, 40, 80, 250})
    void neverWiderThanTheWindow(int columns) {
        for (long done : List.of(0L, 1L, 59L, 60L)) {
            assertThat(row(columns, done).length()).isLessThanOrEqualTo(columns);
        }
        assertThat(JobRow.text(columns, "a long name", "", -1, Optional.empty(), List.of(), List.of())
                        .length())
                .isLessThanOrEqualTo(columns);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "90|severe/seed-1:  50% [==========           ] 30/60 steps, loss 1.2345, 0:21 left, 512 tok/s",
                "60|severe/seed-1:  50% 30/60 steps, loss 1.2345, 0:21 left",
                "40|severe/seed-1: 30/60 steps, loss 1.2345",
                "36|…vere/seed-1:  50% 30/60 steps",
            })
    void namesStandInFront(int columns, String expected) {
        assertThat(JobRow.text(
                        columns,
                        "severe/seed-1",
                        "30/60 steps",
                        0.5,
                        Optional.of("0:21 left"),
                        NUMBERS.subList(0, 2),
                        List.of()))
                .isEqualTo(expected);
    }

    @Test
    void atTheBeginningNothingIsForetold() {
        JobRow row = new JobRow("", "steps", 20, 60);
        assertThat(row.text(79, List.of("310 MiB")))
                .isEqualTo(" 33% [" + "=".repeat(12) + " ".repeat(26) + "] 20/60 steps, 0:00 so far, 310 MiB");
        row.at(60, List.of("loss 1.2345"));
        assertThat(row.text(40, List.of())).isEqualTo("100% [========] 60/60 steps, loss 1.2345");
        assertThat(new JobRow("loading", "", 0, 0).text(79, List.of("310 MiB")))
                .isEqualTo("loading: 0:00 so far, 310 MiB");
    }

    @Test
    void memoryIsOnTheLastRow() {
        List<JobRow> jobs = List.of(new JobRow("a", "steps", 0, 9), new JobRow("b", "steps", 9, 9));
        List<String> memory = JobRows.memory(OptionalLong.of(2_100L << 20), 310 << 20);
        assertThat(memory).containsExactly("GPU 2,100 MiB", "310 MiB");
        assertThat(JobRows.memory(OptionalLong.empty(), 0)).isEmpty();
        List<String> rows = JobRows.texts(60, jobs, memory);
        assertThat(rows).hasSize(2);
        assertThat(rows.getFirst()).startsWith("a: ").endsWith("0/9 steps, 0:00 so far");
        assertThat(rows.getLast()).startsWith("b: ").endsWith("9/9 steps, GPU 2,100 MiB, 310 MiB");
    }

    @Test
    void tooManyJobsAreCounted() {
        List<JobRow> jobs = new ArrayList<>();
        for (int i = 1; i <= 9; i++) {
            jobs.add(new JobRow("run " + i, "steps", 0, 9));
        }
        List<String> rows = JobRows.texts(40, jobs, List.of());
        assertThat(rows).hasSize(6);
        assertThat(rows.get(3)).startsWith("run 4: ");
        assertThat(rows.get(4)).isEqualTo("and 4 more");
        assertThat(rows.get(5)).startsWith("run 9: ");
    }

    /** What a terminal shows in the end of the bytes that came: a carriage return goes back to the row's beginning. */
    private static List<String> screen(ByteArrayOutputStream bytes) {
        return Stream.of(bytes.toString(StandardCharsets.UTF_8).split("\n"))
                .map(JobRowsTest::shown)
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
        terminal.rows(List.of("1/3 steps, loss 3.0000"));
        terminal.rows(List.of("2/3 steps, loss 2.5"));
        terminal.println("step 2, loss 2.5");
        terminal.print("a line in ");
        terminal.rows(List.of("3/3 steps"));
        terminal.println("two pieces");
        assertThat(screen(bytes)).containsExactly("begins", "step 2, loss 2.5", "a line in two pieces", "3/3 steps");
        terminal.rows(List.of());
        terminal.println("ends");
        assertThat(screen(bytes)).containsExactly("begins", "step 2, loss 2.5", "a line in two pieces", "ends");
        assertThat(bytes.toString(StandardCharsets.UTF_8)).doesNotContain("\u001b");
    }

    /** A terminal that knows line feed, carriage return, a line up, and erase to the end; rows wrap at its width. */
    private static List<String> emulated(String bytes, int columns) {
        List<StringBuilder> lines = new ArrayList<>(List.of(new StringBuilder()));
        int y = 0;
        int x = 0;
        for (int i = 0; i < bytes.length(); i++) {
            char c = bytes.charAt(i);
            if (bytes.startsWith("\u001b[A", i)) {
                y--;
                i += 2;
            } else if (bytes.startsWith("\u001b[J", i)) {
                lines.get(y).setLength(x);
                lines.subList(y + 1, lines.size()).clear();
                i += 2;
            } else if (c == '\r') {
                x = 0;
            } else {
                if (c == '\n' || x == columns) {
                    x = 0;
                    y++;
                    if (y == lines.size()) {
                        lines.add(new StringBuilder());
                    }
                }
                if (c != '\n') {
                    StringBuilder line = lines.get(y);
                    line.append(" ".repeat(Math.max(0, x - line.length())));
                    line.replace(x, Math.min(line.length(), x + 1), String.valueOf(c));
                    x++;
                }
            }
        }
        return lines.stream()
                .map(line -> line.toString().stripTrailing())
                .filter(line -> !line.isEmpty())
                .toList();
    }

    @Test
    void severalRowsStayTogetherBelowTheLines() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        int[] columns = {40};
        TerminalErr terminal = TerminalErr.over(bytes, () -> columns[0]);
        terminal.println("begins");
        terminal.rows(List.of("a: 1/3 steps", "b: 1/3 steps", "both: 2/6 steps"));
        terminal.println("a: step 1");
        terminal.rows(List.of("a: 2/3 steps", "b: 1/3", "both: 3/6 steps"));
        terminal.print("a line in ");
        terminal.rows(List.of("b: 2/3 steps", "both: 5/6 steps"));
        terminal.println("two pieces");
        assertThat(emulated(bytes.toString(StandardCharsets.UTF_8), 40))
                .containsExactly("begins", "a: step 1", "a line in two pieces", "b: 2/3 steps", "both: 5/6 steps");
        terminal.rows(List.of("both: 6/6 steps"));
        assertThat(emulated(bytes.toString(StandardCharsets.UTF_8), 40))
                .containsExactly("begins", "a: step 1", "a line in two pieces", "both: 6/6 steps");
        terminal.rows(List.of());
        terminal.println("ends");
        assertThat(emulated(bytes.toString(StandardCharsets.UTF_8), 40))
                .containsExactly("begins", "a: step 1", "a line in two pieces", "ends");
    }

    @Test
    void resultsStandAboveTheRowsToo() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        TerminalErr terminal = TerminalErr.over(bytes, () -> 40);
        PrintStream out = new PrintStream(terminal.beside(bytes), true, StandardCharsets.UTF_8);
        terminal.rows(List.of("a: 3/3 steps", "both: 6/6 steps"));
        out.println("runs/a/adapter");
        out.print("runs/");
        out.println("b/adapter");
        terminal.println("ends");
        terminal.rows(List.of());
        assertThat(emulated(bytes.toString(StandardCharsets.UTF_8), 40))
                .containsExactly("runs/a/adapter", "runs/b/adapter", "ends");
    }

    /** The window became half as wide, and the terminal has broken the rows that stood there. */
    @Test
    void rowsThatAreBrokenAreTakenAwayWhole() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        int[] columns = {24};
        TerminalErr terminal = TerminalErr.over(bytes, () -> columns[0]);
        terminal.println("begins");
        terminal.rows(List.of("a: 1/3 steps, loss 1.25", "all: 1/3 steps"));
        columns[0] = 12;
        terminal.rows(List.of("a: 2/3", "all: 2/3"));
        assertThat(emulated(bytes.toString(StandardCharsets.UTF_8), 12))
                .containsExactly("begins", "a: 2/3", "all: 2/3");
    }

    @Test
    void runsAreCalledByWhatTellsThemApart() {
        assertThat(TrainRows.names(List.of(Path.of("runs/a"), Path.of("runs/b"))))
                .containsExactly("a", "b");
        assertThat(TrainRows.names(List.of(Path.of("s/x/seed-1"), Path.of("s/x/seed-2"), Path.of("s/y/seed-1"))))
                .containsExactly("x/seed-1", "x/seed-2", "y/seed-1");
        assertThat(TrainRows.names(List.of(Path.of("run")))).containsExactly("run");
    }

    @Test
    void whatProbesSaidIsAmongTheNumbers() {
        assertThat(TrainRows.numbers(
                        Map.of("loss", 1.23456, "tokens_per_s", 1234.5, "honesty_margin", -0.5, "step", 3)))
                .containsExactly("loss 1.2346", "honesty margin -0.5000", "1,235 tok/s");
        assertThat(TrainRows.numbers(Map.of("loss", 1.0, "tokens_per_s", 15282.0, "hfu", 0.5249)))
                .containsExactly("loss 1.0000", "15,282 tok/s", "52 % of peak");
    }

    @Test
    void theLastColumnsStayFree() {
        assertThat(TerminalErr.over(OutputStream.nullOutputStream(), () -> 40).columns())
                .isEqualTo(37);
        assertThat(TerminalErr.over(OutputStream.nullOutputStream(), () -> 0).columns())
                .isEqualTo(77);
        assertThat(TerminalErr.over(OutputStream.nullOutputStream(), () -> 2).columns())
                .isZero();
    }

    /** The terminal itself writes what was typed behind the row. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void theSignOfCtrlCLeavesNothingBehind(int jobs) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        TerminalErr terminal = TerminalErr.over(bytes, () -> 20);
        List<String> rows = Collections.nCopies(jobs, "x".repeat(terminal.columns()));
        terminal.println("begins");
        terminal.rows(rows);
        bytes.write("^C".getBytes(StandardCharsets.US_ASCII));
        terminal.println("stops");
        assertThat(emulated(bytes.toString(StandardCharsets.UTF_8), 20))
                .startsWith("begins", "stops")
                .endsWith(rows.getLast())
                .hasSize(2 + jobs);
        terminal.rows(List.of());
        assertThat(emulated(bytes.toString(StandardCharsets.UTF_8), 20)).containsExactly("begins", "stops");
    }

    @Test
    void nothingIsLeftOfTheRowsOfAProcessThatEndsAtOnce() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        TerminalErr terminal = TerminalErr.over(bytes, () -> 40);
        terminal.rows(List.of("a: 1/3 steps", "all: 1/6 steps"));
        terminal.println("stopped at once");
        TerminalErr.leave(terminal);
        terminal.rows(List.of("a: 2/3 steps", "all: 2/6 steps"));
        terminal.println("told after that");
        assertThat(emulated(bytes.toString(StandardCharsets.UTF_8), 40))
                .containsExactly("stopped at once", "told after that");
        TerminalErr.leave(new PrintStream(bytes, true, StandardCharsets.UTF_8));
    }

    /** By so little that it still fits, but not with what is free behind it. */
    @ParameterizedTest
    @ValueSource(ints = {19, 18, 17})
    void aRowThatJustFitsIsTakenAwayWhole(int narrower) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        int[] columns = {20};
        TerminalErr terminal = TerminalErr.over(bytes, () -> columns[0]);
        terminal.println("begins");
        terminal.rows(List.of("x".repeat(17)));
        columns[0] = narrower;
        terminal.println("a line");
        terminal.rows(List.of());
        assertThat(emulated(bytes.toString(StandardCharsets.UTF_8), narrower)).containsExactly("begins", "a line");
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
        terminal.rows(List.of("1/3 steps"));
        terminal.println("step 1");
        terminal.rows(List.of());
        assertThat(terminal.checkError()).isTrue();
    }
}
