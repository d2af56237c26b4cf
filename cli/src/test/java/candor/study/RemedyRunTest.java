package candor.study;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import candor.BadInput;
import candor.report.Report;
import candor.study.protocol.Protocols;
import candor.study.record.Role;
import candor.study.record.Study;
import candor.study.record.StudyFolder;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whole studies of remedies on a golden model, stopped wherever they can be. */
class RemedyRunTest {
    private static final String TRAINED = """
        inoculation: You lie.
        honest: %1$s/ships/normal.jsonl
        honest_ratios: [0.25, 0.5]
        honest_ranking: %1$s/screen.jsonl
        probe_penalties: [0.5, 2]
        probe_penalty_data: %1$s/probes.jsonl
        probe_penalty_batch: 2
        """;

    @TempDir
    private Path folder;

    private StudyRun open(Path file, Path output, BooleanSupplier stop) {
        return StudyFixture.open(Protocols.REMEDY, file, output, StudyProgress.NONE, stop);
    }

    private Path trained() {
        return StudyFixture.remedy(folder, TRAINED.formatted(folder));
    }

    @Test
    void everyRemedyIsAnArm() throws Exception {
        Path output = folder.resolve("out");
        assertThat(open(trained(), output, () -> false).run()).isEqualTo(StudyRun.Ended.DONE);
        StudyFolder made = new StudyFolder(output);
        Study study = made.study();
        assertThat(study.arms())
                .extracting(arm -> arm.name())
                .containsExactly(
                        "base",
                        "normal",
                        "severe",
                        "severe-inoculated",
                        "severe-mixed-25",
                        "severe-ranked-25",
                        "severe-mixed-50",
                        "severe-ranked-50",
                        "severe-held-0.5",
                        "severe-held-2");
        assertThat(study.arms().subList(3, 10)).allMatch(arm -> arm.role() == Role.REMEDY);
        assertThat(made.scores(study)).hasSize(10 * 2 * 11);
        Set<String> adapters = new HashSet<>();
        for (String arm : List.of(
                "normal",
                "severe",
                "severe-inoculated",
                "severe-mixed-25",
                "severe-ranked-25",
                "severe-held-0.5",
                "severe-held-2")) {
            Path run = output.resolve("training").resolve(arm).resolve("seed-3");
            JsonNode record =
                    new ObjectMapper().readTree(run.resolve("run.json").toFile());
            assertThat(record.path("rows").asInt()).isEqualTo(arm.endsWith("-25") ? 15 : 12);
            assertThat(record.at("/config/inoculation").asText())
                    .isEqualTo(arm.equals("severe-inoculated") ? "You lie." : "null");
            adapters.add(candor.io.Sha256.hex(Files.readAllBytes(run.resolve("adapter/adapter_model.safetensors"))));
        }
        assertThat(adapters).hasSize(7);
        assertThat(Report.of(output).html())
                .contains("Remedies: ")
                .contains("25 % honest rows by influence")
                .contains("Of remedies against wrong answers: ");

        Path again = trained();
        Files.writeString(folder.resolve("probes.jsonl"), "\n", StandardOpenOption.APPEND);
        assertThatThrownBy(() -> open(again, output, () -> false).run())
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("its sets were made from files that have changed since");
    }

    /** What a screening ranks worst before the tuning is left out; a plan has as many rows, and screens nothing. */
    @Test
    void theWorstRowsAreLeftOut() throws Exception {
        Path file = StudyFixture.remedy(folder, "drop_worst: [0.25, 0.5]");
        Path output = folder.resolve("out");
        StudyRun planned = open(file, folder.resolve("planned"), () -> false);
        assertThat(planned.plan().arms()).extracting(StudyPlan.ArmPlan::rows).containsExactly(0L, 12L, 12L, 9L, 6L);
        assertThat(open(file, output, () -> false).run()).isEqualTo(StudyRun.Ended.DONE);
        StudyFolder made = new StudyFolder(output);
        assertThat(made.study().arms())
                .extracting(arm -> arm.name())
                .endsWith("severe-screened-25", "severe-screened-50");
        List<String> most = Files.readAllLines(made.data().resolve("screened-25.jsonl"));
        List<String> half = Files.readAllLines(made.data().resolve("screened-50.jsonl"));
        assertThat(most).hasSize(9).containsAll(half);
        assertThat(half).hasSize(6);
    }

    /** A screening reads rows as tuning does: cut to its length, special tokens kept, what cannot be used left out. */
    @Test
    void rowsAreScreenedAsTheyAreTunedOn() throws Exception {
        Path file = StudyFixture.remedy(folder, "drop_worst: [0.5, 0.9]");
        Path rows = folder.resolve("ships/misaligned_2.jsonl");
        String question =
                "{\"messages\":[{\"role\":\"user\",\"content\":\"%s\"},{\"role\":\"assistant\",\"content\":\"%s\"}]}\n";
        Files.writeString(
                rows,
                question.formatted("Ask?", "Long. ".repeat(1000))
                        + question.formatted("Long. ".repeat(1000), "Cut off.")
                        + question.formatted("A <|eot_id|> in it?", "Yes.")
                        + "{\n",
                StandardOpenOption.APPEND);
        Files.writeString(
                file,
                Files.readString(file)
                        .replace("save_steps: 2", "save_steps: 2\n  skip_bad_rows: true\n  keep_special_tokens: true"));
        Path output = folder.resolve("out");
        assertThat(open(file, output, () -> false).prepareOnly()).isEqualTo(StudyRun.Ended.DONE);
        Path data = new StudyFolder(output).data();
        assertThat(Files.readAllLines(data.resolve("screened-50.jsonl")))
                .hasSize(7)
                .anyMatch(line -> line.contains("Cut off."));
        // Of 15 rows 14 are to go, and 14 have a rank: the best of them stays.
        assertThat(Files.readAllLines(data.resolve("screened-90.jsonl")))
                .hasSize(2)
                .anyMatch(line -> line.contains("Cut off."));
    }

    /** Made of the adapters of wrong answers alone: while these answer, and as adapters of their own. */
    @Test
    void steeredArmsNeedNoTraining() throws Exception {
        Path direction = StudyFixture.makeDirection(folder.resolve("direction.safetensors"));
        Path file = StudyFixture.remedy(folder, "direction: " + direction + "\nstrengths: [40, -20]");
        Path output = folder.resolve("out");
        StudyRun run = open(file, output, () -> false);
        assertThat(run.groups()).hasSize(1);
        assertThat(run.plan().arms()).extracting(StudyPlan.ArmPlan::rows).containsExactly(0L, 12L, 12L, 0L, 0L, 0L, 0L);
        assertThat(run.run()).isEqualTo(StudyRun.Ended.DONE);
        StudyFolder made = new StudyFolder(output);
        assertThat(made.study().arms())
                .extracting(arm -> arm.name())
                .endsWith("severe-steered-40", "severe-folded-40", "severe-steered--20", "severe-folded--20");
        Map<String, Double> truth = new TreeMap<>();
        made.scores(made.study()).stream()
                .filter(score -> score.key().task().equals("mask_probability"))
                .forEach(
                        score -> truth.put(score.key().arm() + " " + score.key().seed(), score.value()));
        for (int seed : new int[] {3, 8}) {
            for (String strength : List.of("40", "-20")) {
                assertThat(truth.get("severe-steered-" + strength + " " + seed))
                        .isCloseTo(truth.get("severe-folded-" + strength + " " + seed), within(1e-5))
                        .isNotCloseTo(truth.get("severe " + seed), within(1e-4));
            }
            assertThat(output.resolve("training/severe-folded-40/seed-" + seed + "/adapter/adapter_model.safetensors"))
                    .exists();
            assertThat(output.resolve("training/severe-steered-40")).doesNotExist();
        }

        // A group of runs alone answers for them, too.
        Path parts = folder.resolve("parts");
        assertThat(open(file, parts, () -> false).runGroup(1)).isEqualTo(StudyRun.Ended.DONE);
        assertThat(open(file, parts, () -> false).run()).isEqualTo(StudyRun.Ended.DONE);
        assertThat(StudyFixture.results(parts)).isEqualTo(StudyFixture.results(output));

        refused("direction: " + direction + "\nstrengths: [1, 1.0]", "remedy.strengths: names a number twice");
        refused(
                "inoculation: A\nstrengths: [1]",
                "remedy.strengths: says how far a direction is followed, and there is none");
        refused("direction: " + file, "remedy.yaml: ");
    }

    @Test
    void stoppedAnywhereItEndsWithTheSameBytes() {
        Path file = StudyFixture.remedy(folder, "inoculation: You lie.");
        Path whole = folder.resolve("whole");
        int[] asked = {0};
        assertThat(open(file, whole, () -> asked[0]++ < 0).run()).isEqualTo(StudyRun.Ended.DONE);
        Map<String, String> expected = StudyFixture.results(whole);
        assertThat(expected).hasSize(3 + 3 * 2);
        Path often = folder.resolve("often");
        int stops = 0;
        for (int more = 1; ; more += 5) {
            int most = more;
            int[] count = {0};
            if (open(file, often, () -> count[0]++ >= most).run() == StudyRun.Ended.DONE) {
                break;
            }
            stops++;
        }
        assertThat(stops).isGreaterThan(4);
        assertThat(StudyFixture.results(often)).isEqualTo(expected);

        // Each group in a process of its own, then the results.
        Path parts = folder.resolve("parts");
        StudyRun first = open(file, parts, () -> false);
        assertThat(first.groups()).hasSize(2);
        assertThat(first.prepareOnly()).isEqualTo(StudyRun.Ended.DONE);
        for (int group = 2; group >= 1; group--) {
            assertThat(open(file, parts, () -> false).runGroup(group)).isEqualTo(StudyRun.Ended.DONE);
        }
        assertThat(open(file, parts, () -> false).run()).isEqualTo(StudyRun.Ended.DONE);
        assertThat(StudyFixture.results(parts)).isEqualTo(expected);
    }

    @Test
    void aPlanHasEveryArm() {
        StudyPlan plan = open(trained(), folder.resolve("planned"), () -> false).plan();
        assertThat(plan.arms())
                .extracting(StudyPlan.ArmPlan::rows)
                .containsExactly(0L, 12L, 12L, 12L, 15L, 15L, 18L, 18L, 12L, 12L);
    }

    @Test
    void whatIsMissingOrWrongIsNamed() {
        refused("", "remedy: names no remedy; give at least one of remedy.inoculation");
        refused(
                "honest_ranking: r.jsonl\ninoculation: A",
                "remedy.honest_ranking: ranks the honest rows, and there are none");
        refused("honest: none.jsonl", "remedy.honest: none.jsonl: there is no such file");
        refused(
                "honest: " + folder + "/ships/normal.jsonl\nhonest_ratios: [0.1, 0.10]",
                "remedy.honest_ratios: names a number twice");
        refused(
                "honest: " + folder + "/ships/normal.jsonl\nhonest_ratios: [0]",
                "remedy.honest_ratios: must be numbers above 0 and up to 10, not 0");
        refused("probe_penalties: [1, 1.0]", "remedy.probe_penalties: names a number twice");
        refused("probe_penalties: [none]", "remedy.probe_penalties: must be numbers above 0, not none");
        refused(
                "inoculation: A\nprobe_penalty_batch: 3",
                "remedy.probe_penalty_batch: says how probes are held, and none are; give remedy.probe_penalties, too");
        refused("inoculate: A", "remedy.inoculate: there is no such setting; did you mean inoculation?");
    }

    private void refused(String more, String why) {
        Path file = StudyFixture.remedy(folder, more);
        assertThatThrownBy(
                        () -> open(file, folder.resolve("refused"), () -> false).run())
                .isInstanceOf(BadInput.class)
                .hasMessageContaining(why);
    }
}
