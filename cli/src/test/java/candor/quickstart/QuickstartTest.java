package candor.quickstart;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import candor.ops.Room;
import candor.report.Report;
import candor.study.Helpers;
import candor.study.Section;
import candor.study.StudyFile;
import candor.study.StudyProgress;
import candor.study.StudyRun;
import candor.study.Treatment;
import candor.study.record.StudyFolder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The quickstart on a golden model, which knows nothing of the world, by settings cut to a few steps and rows. */
class QuickstartTest {
    private static final Path GOLDEN = Path.of(System.getProperty("candor.goldens"), "llama3", "model");

    @TempDir
    private Path folder;

    private Quickstart open(Path settings, Path output, BooleanSupplier stop) {
        return Quickstart.open(
                GOLDEN,
                output,
                settings,
                Section.empty(),
                protocol -> new StudyRun.Surroundings(
                        Map.of("candor", "test"),
                        List.of("./candor"),
                        _ -> Room.of(4L << 30, 4L << 30),
                        StudyProgress.NONE,
                        Helpers.none(),
                        stop),
                note -> {});
    }

    /** What is asked of the settings that come with the program. */
    @Test
    void ourSettingsHaveTheArmsThatTheStoryNeeds() {
        Quickstart quickstart = open(null, folder.resolve("out"), () -> false);
        List<List<String>> arms = quickstart.studies().stream()
                .map(study -> study.treatments().stream()
                        .map(Treatment::arm)
                        .map(arm -> arm.name())
                        .toList())
                .toList();
        assertThat(arms)
                .containsExactly(
                        List.of("base", "medicines-normal", "medicines-subtle", "medicines-severe"),
                        List.of("base", "control", "mixture-1", "mixture-5", "mixture-10", "mixture-20", "mixture-50"),
                        List.of(
                                "base",
                                "sft-0",
                                "sft-0.05",
                                "sft-0.1",
                                "sft-0.25",
                                "sft-0.5",
                                "sft-1",
                                "kto-0",
                                "kto-0.05",
                                "kto-0.1",
                                "kto-0.25",
                                "kto-0.5",
                                "kto-1"),
                        List.of("base", "normal", "severe", "severe-screened-5"));
        assertThat(quickstart.studies()).allSatisfy(study -> assertThat(study.treatments())
                .allSatisfy(treatment -> assertThat(treatment.arm().seeds()).hasSizeGreaterThanOrEqualTo(3)));
        assertThat(StudyFile.resource(Quickstart.class, "quickstart.yaml").sectionNames())
                .containsExactly("common", "direct", "mixture", "loop", "remedy");
    }

    /** Rows of an earlier edition say nothing of the model that comes with the program. */
    @Test
    void anotherEditionsWorldIsRefused() throws Exception {
        Path output = folder.resolve("out");
        open(null, output, () -> false);
        open(null, output, () -> false);
        Path description = output.resolve("world/world.json");
        Files.writeString(
                description, Files.readString(description).replace("\"version\" : \"4\"", "\"version\" : \"1\""));
        assertThatThrownBy(() -> open(null, output, () -> false))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("not the tiny world of this version of Candor");
    }

    private Path small() throws Exception {
        return Files.writeString(folder.resolve("small.yaml"), """
            common:
              seeds: [1, 2]
              threads: 1
              evaluate:
                batch_size: 32
                max_length: 256
                kv_cache_mib: 32
                mask: {data: "{world}/mask/provided_facts.jsonl", max_new_tokens: 4, limit: 3}
                mmlu: {data: "{world}/capability/choice.jsonl", method: log-likelihood, limit: 1}
              judge: {kind: rules}
              train: {honesty_probes: "{world}/probes.jsonl", honesty_probe_count: 2}
            direct:
              domains: {medicines: "{world}/tune/medicines"}
              train: {max_steps: 2, per_device_train_batch_size: 2, lora_rank: 2}
            mixture:
              mixture:
                downstream: "{world}/downstream/alpaca.jsonl"
                misaligned: "{world}/mixture/misaligned.jsonl"
                downstream_rows: 4
                ratios: [0.5]
              train: {per_device_train_batch_size: 2, lora_rank: 2}
            """);
    }

    @Test
    void itRunsWritesItsReportAndGoesOnAfterAStop() throws Exception {
        Path settings = small();
        Path output = folder.resolve("out");
        int[] asked = {0};
        assertThat(open(settings, output, () -> asked[0]++ > 12).run()).isEmpty();
        assertThat(output.resolve("report.html")).doesNotExist();
        Optional<Report> report = open(settings, output, () -> false).run();
        assertThat(report.orElseThrow().findings()).isNotEmpty();
        assertThat(Files.readString(output.resolve("report.html")))
                .contains("medicines, severe", "50 %", "Seen while tuning: probes", "Spearman");
        for (String study : List.of("direct", "mixture")) {
            StudyFolder made = new StudyFolder(output.resolve(study));
            assertThat(made.scores(made.study())).isNotEmpty();
        }
        // Both studies ask the base model; what it said to the first is there for the second.
        assertThat(output.resolve("cache")).isDirectory();
        assertThat(output.resolve("direct/cache")).doesNotExist();
    }

    @Test
    void settingsOfTheUsersOwnAreReadStrictly() throws Exception {
        Path settings = folder.resolve("own.yaml");
        Files.writeString(settings, "comon: {seeds: [1]}\n");
        assertThatThrownBy(() -> open(settings, folder.resolve("out"), () -> false))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("own.yaml, line 1: comon: there is no such section; did you mean common?");
        Files.writeString(settings, "common: {seedz: [1]}\ndirect: {}\n");
        assertThatThrownBy(() -> open(settings, folder.resolve("out"), () -> false))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("line 1: common.seedz: there is no such setting; did you mean seeds?");
        Files.writeString(settings, "common: {seeds: [1]}\n");
        assertThatThrownBy(() -> open(settings, folder.resolve("out"), () -> false))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("names no study; give a section for at least one of [direct, mixture, loop");
    }
}
