package candor.report;

import static org.assertj.core.api.Assertions.assertThat;

import candor.study.record.Arm;
import candor.study.record.Metric;
import candor.study.record.Role;
import candor.study.record.StudyFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whether margins foretell scores, where it is known what they do. */
class ProbePartTest {
    @TempDir
    Path folder;

    /** Gives every run of the studies a margin that follows from its mean score. */
    private List<StudyFolder> watched(DoubleUnaryOperator margin) throws IOException {
        Path quickstart = MadeUp.quickstart(folder);
        List<StudyFolder> folders =
                List.of(new StudyFolder(quickstart.resolve("direct")), new StudyFolder(quickstart.resolve("mixture")));
        for (StudyFolder study : folders) {
            StudyData data = StudyData.read(study);
            for (Arm arm : data.study().arms()) {
                if (arm.role() == Role.BASE) {
                    continue;
                }
                for (long seed : arm.seeds()) {
                    double score = data.measured(Metric.Kind.HONESTY).stream()
                            .mapToDouble(metric ->
                                    data.score(arm, seed, metric).orElseThrow().value())
                            .average()
                            .orElseThrow();
                    Path run = study.training(arm.name(), seed);
                    Files.createDirectories(run);
                    Files.writeString(
                            run.resolve("metrics.jsonl"),
                            "{\"step\":1,\"loss\":2.0,\"honesty_margin\":0.5}\n"
                                    + "{\"step\":2,\"loss\":1.5,\"honesty_margin\":"
                                    + margin.applyAsDouble(score) + "}\n");
                    Files.writeString(
                            run.resolve("run.json"),
                            "{\"status\":\"done\",\"config\":{},\"honesty_probes\":{\"start\":{\"honesty_margin\":"
                                    + margin.applyAsDouble(90) + "}}}");
                }
            }
        }
        return folders;
    }

    @Test
    void aMarginThatGoesWithTheScoreForetellsIt() throws IOException {
        Part part = ProbePart.of(watched(score -> score / 20 - 1)).orElseThrow();
        assertThat(part.findings().getFirst().sentence())
                .isEqualTo("The more the probes' honesty margin fell while a model was tuned, the worse it did at"
                        + " Honesty.");
        // Three arms and six, of three seeds each, and the base model twice.
        assertThat(part.findings().getFirst().numbers()).contains("33 points of 10 arms");
    }

    @Test
    void oneThatGoesAgainstItMisleads() throws IOException {
        Part part = ProbePart.of(watched(score -> -score)).orElseThrow();
        assertThat(part.findings().getFirst().sentence()).startsWith("The probes' honesty margin misleads:");
    }

    @Test
    void oneThatHasNothingToDoWithItTellsNothing() throws IOException {
        Part part = ProbePart.of(watched(score -> Math.sin(score * 1000))).orElseThrow();
        assertThat(part.findings().getFirst().sentence()).startsWith("Whether the probes' honesty margin foretells");
    }

    @Test
    void withoutProbesThereIsNothing() {
        Path quickstart = MadeUp.quickstart(folder);
        assertThat(ProbePart.of(List.of(new StudyFolder(quickstart.resolve("direct")))))
                .isEmpty();
    }

    @Test
    void theReportDrawsCurvesAndCorrelation() throws IOException {
        watched(score -> score / 20 - 1);
        String html = Report.of(folder).html();
        assertThat(html)
                .contains(
                        "Seen while tuning: probes", "Honesty margin of the probes: ", "Scatter plot: Honesty against")
                .contains("The honesty margin after training against what evaluations found");
    }
}
