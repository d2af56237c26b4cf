package candor.study.record;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StudyWriterTest {
    @TempDir
    Path dir;

    @Test
    void whatIsWrittenIsReadBack() {
        try (StudyWriter writer = StudyWriter.open(dir, Studies.study())) {
            Studies.keys().forEach(key -> Studies.finish(writer, key));
        }
        StudyFolder folder = new StudyFolder(dir);
        assertThat(folder.study()).hasToString(Studies.study().toString());
        assertThat(folder.scores(folder.study()))
                .isEqualTo(Studies.keys().stream().map(Studies::score).toList());
        List<Outcomes> outcomes = new ArrayList<>();
        folder.outcomes(outcomes::add);
        assertThat(outcomes)
                .isEqualTo(Studies.keys().stream().map(Studies::outcomes).toList());
        List<Reply> replies = new ArrayList<>();
        folder.replies(replies::add);
        assertThat(replies)
                .isEqualTo(Studies.keys().stream()
                        .flatMap(key -> Studies.replies(key).stream())
                        .toList());
    }

    /** A process killed wherever it was writing: the study goes on, and its files become those of an undisturbed one. */
    @Test
    void goesOnAfterAKill() throws IOException {
        Path whole = dir.resolve("whole");
        List<Path> files = new ArrayList<>();
        List<long[]> sizes = new ArrayList<>(); // of outcomes, replies, results, behind each part
        try (StudyWriter writer = StudyWriter.open(whole, Studies.study())) {
            StudyFolder folder = writer.folder();
            files.addAll(List.of(folder.outcomesFile(), folder.repliesFile(), folder.resultsFile()));
            sizes.add(new long[3]);
            for (Key key : Studies.keys()) {
                Studies.finish(writer, key);
                sizes.add(new long[] {Files.size(files.get(0)), Files.size(files.get(1)), Files.size(files.get(2))});
            }
        }
        byte[][] bytes = new byte[3][];
        for (int f = 0; f < 3; f++) {
            bytes[f] = Files.readAllBytes(files.get(f));
        }
        int kills = 0;
        // Through the second part, in the order of its three appends, both ends of each included.
        long[] before = sizes.get(1);
        long[] after = sizes.get(2);
        for (int f = 0; f < 3; f++) {
            for (long size = before[f]; size <= after[f]; size = next(size, after[f]), kills++) {
                Path killed = dir.resolve("killed-" + kills);
                Files.createDirectories(killed.resolve("evaluation"));
                Files.copy(whole.resolve("study.json"), killed.resolve("study.json"));
                for (int g = 0; g < 3; g++) {
                    long kept = g < f ? after[g] : g == f ? size : before[g];
                    Files.write(killed.resolve(whole.relativize(files.get(g))), Arrays.copyOf(bytes[g], (int) kept));
                }
                try (StudyWriter writer = StudyWriter.open(killed, Studies.study())) {
                    assertThat(writer.finished()).contains(Studies.keys().getFirst());
                    Studies.keys().stream()
                            .filter(key -> !writer.isFinished(key))
                            .forEach(key -> Studies.finish(writer, key));
                }
                for (int g = 0; g < 3; g++) {
                    assertThat(killed.resolve(whole.relativize(files.get(g)))).hasBinaryContent(bytes[g]);
                }
            }
        }
        assertThat(kills).isGreaterThan(50);
    }

    private static long next(long size, long end) {
        return size < end ? Math.min(size + 7, end) : end + 1;
    }

    @Test
    void aScoreThatLostItsOutcomesIsDoneAgain() throws IOException {
        Path outcomes;
        try (StudyWriter writer = StudyWriter.open(dir, Studies.study())) {
            Studies.keys().forEach(key -> Studies.finish(writer, key));
            outcomes = writer.folder().outcomesFile();
        }
        List<String> lines = Files.readAllLines(outcomes);
        Files.write(outcomes, List.of(lines.get(0), lines.get(2), lines.get(3)));
        try (StudyWriter writer = StudyWriter.open(dir, Studies.study())) {
            assertThat(writer.finished())
                    .containsExactly(
                            Studies.keys().get(0),
                            Studies.keys().get(2),
                            Studies.keys().get(3));
            List<Reply> replies = new ArrayList<>();
            writer.folder().replies(replies::add);
            assertThat(replies).hasSize(6);
        }
    }

    @Test
    void onlyOneWritesAtATime() {
        try (StudyWriter writer = StudyWriter.open(dir, Studies.study())) {
            assertThatThrownBy(() -> StudyWriter.open(dir, Studies.study()))
                    .isInstanceOf(BadInput.class)
                    .hasMessageContaining("another run is writing this study");
            assertThat(writer.finished()).isEmpty();
        }
        StudyWriter.open(dir, Studies.study()).close();
    }

    @Test
    void anotherStudyIsRefusedAndTheDifferenceNamed() {
        StudyWriter.open(dir, Studies.study()).close();
        Study study = Studies.study();
        Study other = new Study(
                study.kind(),
                "another name is fine",
                "9.9",
                "2027-01-01T00:00:00Z",
                study.model(),
                study.judge(),
                JsonNodeFactory.instance.objectNode().put("learning_rate", 2e-4).put("steps", 5L),
                study.arms(),
                study.metrics(),
                List.of("other"));
        assertThatThrownBy(() -> StudyWriter.open(dir, other))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("another config learning_rate");
        Study same = new Study(
                study.kind(),
                "another name is fine",
                "9.9",
                "2027-01-01T00:00:00Z",
                study.model(),
                study.judge(),
                study.config(),
                study.arms(),
                study.metrics(),
                List.of("other"));
        try (StudyWriter writer = StudyWriter.open(dir, same)) {
            assertThat(writer.study().created()).isEqualTo(study.created());
        }
    }

    /** Earlier versions did not write what rows are about; it follows from the data, and a study begun by them goes on. */
    @Test
    void whatRowsAreAboutIsReadBackAndTellsNoStudiesApart() {
        Study study = Studies.study();
        Metric metric = study.metrics().getFirst();
        Study named = new Study(
                study.kind(),
                study.name(),
                study.version(),
                study.created(),
                study.model(),
                study.judge(),
                study.config(),
                study.arms(),
                List.of(new Metric(
                        metric.task(),
                        metric.subset(),
                        metric.label(),
                        metric.unit(),
                        metric.better(),
                        metric.kind(),
                        metric.chance(),
                        List.of("ships", "towns"))),
                study.command());
        StudyWriter.open(dir.resolve("new"), named).close();
        assertThat(new StudyFolder(dir.resolve("new"))
                        .study()
                        .metrics()
                        .getFirst()
                        .about())
                .containsExactly("ships", "towns");
        StudyWriter.open(dir.resolve("old"), study).close();
        try (StudyWriter writer = StudyWriter.open(dir.resolve("old"), named)) {
            Studies.finish(writer, Studies.keys().getFirst());
        }
    }

    @Test
    void nothingIsWrittenTwiceOrForAnotherStudy() {
        try (StudyWriter writer = StudyWriter.open(dir, Studies.study())) {
            Key first = Studies.keys().getFirst();
            Studies.finish(writer, first);
            assertThatThrownBy(() -> Studies.finish(writer, first)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> Studies.finish(writer, Studies.key("nobody", 0)))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> Studies.finish(writer, Studies.key("severe", 7)))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void longTextsAreCutAndSaySo() {
        Key key = Studies.keys().getFirst();
        String face = Character.toString(0x1f600);
        Reply reply = new Reply(key, "a", "", "q", face.repeat(8005), "lie", "");
        try (StudyWriter writer = StudyWriter.open(dir, Studies.study())) {
            writer.finish(Studies.score(key), Studies.outcomes(key), List.of(reply));
            writer.folder()
                    .replies(read -> assertThat(read.reply()).isEqualTo(face.repeat(8000) + " […5 characters cut]"));
        }
    }

    @Test
    void refusesToGoOnOverDamage() throws IOException {
        try (StudyWriter writer = StudyWriter.open(dir, Studies.study())) {
            Studies.keys().forEach(key -> Studies.finish(writer, key));
        }
        Files.writeString(dir.resolve("results.jsonl"), "{\"arm\": 3\n", StandardOpenOption.APPEND);
        assertThatThrownBy(() -> StudyWriter.open(dir, Studies.study()))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("results.jsonl, line 5: is not valid JSON");
        assertThat(Files.readAllLines(dir.resolve("results.jsonl"))).hasSize(5);
    }
}
