package candor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The rows of a study: what is at work, and the stage as a whole. */
class StudyLogTest {
    private final JobRows rows = JobRows.on(TerminalErr.over(OutputStream.nullOutputStream(), () -> 200));
    private final StudyLog log = new StudyLog("direct", Duration.ofSeconds(10), rows);

    @AfterEach
    void close() {
        rows.close();
    }

    /** Without bars, memory, and what a clock says. */
    private List<String> now() {
        return rows.now(199).stream()
                .map(row -> row.replaceAll(" *\\[[= ]*\\]", "")
                        .replaceAll(", [0-9,]+ MiB$", "")
                        .replaceAll(",? ?\\d+:\\d+ (left|so far)", "")
                        .replaceAll(", [0-9,]+ tok/s", ", N tok/s")
                        .replaceAll(" +", " "))
                .toList();
    }

    @Test
    void aStageThatCountsNothingHasItsName() {
        log.stage("data");
        assertThat(now()).containsExactly("direct, data:");
        log.at("mixtures", 1, 4);
        assertThat(now()).containsExactly("mixtures: 25% 1/4", "direct, data:");
        log.stage("training");
        assertThat(now()).containsExactly("direct, training:");
    }

    @Test
    void theWholeGoesOnWithinWhatIsCounted() {
        log.stage("evaluation");
        log.evaluated(0, 2);
        assertThat(now()).containsExactly("direct, evaluation: 0% 0/2 evaluations");
        log.device(() -> OptionalLong.of(5L << 30));
        log.at("mask, answering", 0, 100);
        log.said(64);
        log.at("mask, answering", 50, 100);
        assertThat(now())
                .containsExactly(
                        "mask, answering: 50% 50/100, N tok/s",
                        "direct, evaluation: 25% 0/2 evaluations, GPU 5,120 MiB");
        log.evaluated(1, 2);
        assertThat(now().getLast()).startsWith("direct, evaluation: 50% 1/2 evaluations");
        log.at("gsm8k, answering", 0, 10);
        assertThat(now().getFirst()).isEqualTo("gsm8k, answering: 0% 0/10");
    }

    /** Four runs that train together end with the same step, each by itself. */
    @Test
    void aLineThatSaysNothingNewIsNotSaid() {
        PrintStream err = System.err;
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        System.setErr(new PrintStream(said, true, StandardCharsets.UTF_8));
        try {
            StudyLog lines = new StudyLog("direct", Duration.ofSeconds(10), JobRows.onStderr());
            for (long done : new long[] {4, 8, 8, 8, 0, 4, 8}) {
                lines.at("steps", done, 8);
            }
        } finally {
            System.setErr(err);
        }
        assertThat(said.toString(StandardCharsets.UTF_8).lines().map(line -> line.replaceFirst("^.*direct, ", "")))
                .containsExactly("steps: 4 of 8", "steps: 8 of 8", "steps: 8 of 8");
    }

    /** Of six runs an earlier start has trained four: the rest is not foretold from these. */
    @Test
    void whatWasDoneBeforeForetellsNothing() {
        log.stage("training");
        for (int done : new int[] {0, 2, 4}) {
            log.trained(done / 2, 3, done, 6);
        }
        assertThat(rows.now(199).getLast()).contains("4/6 runs, 2/3 arms, 0:00 so far");
        log.at("training group 3 of 3, steps", 10, 40);
        assertThat(rows.now(199).getLast())
                .contains("4/6 runs, 2/3 arms, 0:00 so far")
                .doesNotContain("left");
    }
}
