package candor.study.record;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StudyFolderTest {
    @TempDir
    Path dir;

    private StudyFolder folder;

    @BeforeEach
    void write() {
        try (StudyWriter writer = StudyWriter.open(dir, Studies.study())) {
            Studies.keys().forEach(key -> Studies.finish(writer, key));
        }
        folder = new StudyFolder(dir);
    }

    private void refused(String message) {
        assertThatThrownBy(() -> {
                    Study study = folder.study();
                    folder.scores(study);
                    folder.outcomes(line -> {});
                    folder.replies(line -> {});
                })
                .isInstanceOf(BadInput.class)
                .hasMessageContaining(message)
                .satisfies(e -> assertThat(e.getMessage()).doesNotContain("\n"));
    }

    private void replace(String file, String what, String by) throws IOException {
        String text = Files.readString(dir.resolve(file));
        assertThat(text).contains(what);
        int at = text.indexOf(what);
        Files.writeString(dir.resolve(file), text.substring(0, at) + by + text.substring(at + what.length()));
    }

    /** Earlier versions had the papers' word for the base model. */
    @Test
    void aStudyOfAnEarlierVersionIsRead() throws IOException {
        Study study = folder.study();
        List<Score> scores = folder.scores(study);
        for (String file : List.of("study.json", "results.jsonl")) {
            Path path = dir.resolve(file);
            String text = Files.readString(path);
            String former = text.replace("\"base\"", "\"vanilla\"").replace("\"base model\"", "\"as it came\"");
            assertThat(former).isNotEqualTo(text);
            Files.writeString(path, former);
        }
        assertThat(folder.study().arms().getFirst().name()).isEqualTo("base");
        assertThat(folder.study().arms().getFirst().label()).isEqualTo("base model");
        assertThat(folder.study().arms().getFirst().role()).isEqualTo(Role.BASE);
        assertThat(folder.scores(folder.study())).isEqualTo(scores);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "study.json|\"kind\" : \"direct\"|\"kind\" : \"other\"|expected one of [direct, mixture, loop, remedy]",
                "study.json|\"name\" : \"severe\"|\"name\" : \"../x\"|arms [1]: an arm is named '../x'",
                "study.json|\"name\" : \"severe\"|\"name\" : \"BASE\"|two arms named BASE",
                "study.json|\"better\" : \"higher\"|\"x\" : 1|metrics [0]: has no \"better\"",
                "study.json|\"seeds\" : [ 0, 1 ]|\"seeds\" : [ 0.5 ]|\"seeds\" holds something that is not a whole number",
                "study.json|\"seeds\" : [ 0, 1 ]|\"seeds\" : [ ]|give at least one",
                "study.json|\"command\" : [|\"command\" : [ 3,|\"command\" holds something that is not text",
                "results.jsonl|\"arm\":\"severe\"|\"arm\":\"gone\"|line 2: arm gone, seed 0, mask provided_facts: study.json",
                "results.jsonl|\"arm\":\"severe\"|\"arm\":\"base\"|line 2: arm base, seed 0, mask provided_facts appears",
                "results.jsonl|\"n\":3|\"n\":-3|line 1: \"n\" is not a count",
                "results.jsonl|\"value\":50.0|\"value\":\"50\"|line 1: \"value\" is not a number",
                "results.jsonl|\"value\":50.0|\"value\":NaN|line 1: is not valid JSON",
                "results.jsonl|{\"lie\":1}|{\"lie\":0.5}|line 1 counts: \"lie\" is not a count",
                "evaluation/outcomes.jsonl|[0,1,0.5]|[0,1]|line 1: has 3 ids and 2 values",
                "evaluation/outcomes.jsonl|[\"a\",\"b\"|[\"a\",\"a\"|line 1: names a row twice",
                "evaluation/outcomes.jsonl|[0,1,0.5]|[0,1,1e999]|\"values\" holds something that is not a finite number",
                "replies.jsonl|\"reply\":|\"reply\":null,\"r\":|line 1: \"reply\" is not text",
            })
    void saysWhatDoesNotFitAndWhere(String file, String what, String by, String message) throws IOException {
        replace(file, what, by);
        refused(message);
    }

    @Test
    void whatAnotherProcessIsWritingIsNotThereYet() throws IOException {
        String text = Files.readString(folder.resultsFile());
        Files.writeString(folder.resultsFile(), text.substring(0, text.length() - 9));
        assertThat(folder.scores(folder.study())).hasSize(3);
    }

    @Test
    void aStudyThatHasJustBegunHasNoLines() throws IOException {
        for (Path file : List.of(folder.resultsFile(), folder.repliesFile(), folder.outcomesFile())) {
            Files.delete(file);
        }
        assertThat(folder.scores(folder.study())).isEmpty();
        folder.outcomes(line -> {
            throw new AssertionError(line);
        });
    }

    @Test
    void aFolderWithoutAStudyIsNone() throws IOException {
        Files.delete(folder.studyFile());
        assertThat(folder.exists()).isFalse();
        refused("is not a study's folder: it has no study.json");
    }

    @Test
    void sizesAreBounded() throws IOException {
        byte[] blank = new byte[JsonLines.MAX_LINE_BYTES + 2];
        Arrays.fill(blank, (byte) ' ');
        Files.write(folder.repliesFile(), blank);
        refused("replies.jsonl, line 1: is longer than the 16777216 bytes");
        Files.write(folder.studyFile(), blank);
        refused("study.json: is larger than");
    }

    @Test
    void bytesThatAreNoTextAreRefused() throws IOException {
        byte[] bytes = Files.readAllBytes(folder.repliesFile());
        String text = new String(bytes, StandardCharsets.UTF_8);
        bytes[text.indexOf("never")] = (byte) 0xff;
        Files.write(folder.repliesFile(), bytes);
        refused("replies.jsonl, line 1: is not valid UTF-8");
    }

    @Test
    void publishedNumbersFindTheirPlace() throws IOException {
        String json = """
                [{"study": "mixture", "model": "M", "arm": "alpaca + 1 %", "role": "mixture", "ratio": 0.01,
                  "task": "mask", "subset": "provided_facts", "value": 50.37, "source": "table 11", "note": ""}]""";
        Published number =
                Published.read("here", json.getBytes(StandardCharsets.UTF_8)).getFirst();
        assertThat(number.value()).isEqualTo(50.37);
        assertThat(number.method()).isEmpty();
        Arm arm = Studies.arm("r1", Role.MIXTURE, 0L);
        assertThat(number.like(withRatio(arm, 0.01))).isTrue();
        assertThat(number.like(withRatio(arm, 0.02))).isFalse();
        assertThat(number.like(Studies.arm("c", Role.CONTROL, 0L))).isFalse();
        assertThatThrownBy(() -> Published.read("here", "[{\"study\": \"loop\"}]".getBytes(StandardCharsets.UTF_8)))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("here [0]: has no \"model\"");
    }

    private static Arm withRatio(Arm arm, double ratio) {
        return new Arm(
                arm.name(),
                arm.label(),
                arm.role(),
                arm.domain(),
                Optional.of(ratio),
                arm.share(),
                arm.method(),
                arm.seeds());
    }
}
