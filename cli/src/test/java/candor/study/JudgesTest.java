package candor.study;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import candor.evaluate.ask.AnswerCache;
import candor.evaluate.judge.Form;
import candor.evaluate.judge.Judge;
import candor.evaluate.judge.LoopbackServer;
import candor.evaluate.judge.Question;
import candor.study.protocol.Protocols;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the judges of a study's benchmarks share. */
class JudgesTest {
    @TempDir
    private Path folder;

    private StudyConfig config(String judge) throws IOException {
        return Protocols.MIXTURE.config(StudyFile.read(study(judge)));
    }

    private Path study(String judge) throws IOException {
        Path file = StudyFixture.mixture(folder);
        return Files.writeString(file, Files.readString(file).replace("judge:\n  kind: rules", "judge: " + judge));
    }

    private static List<Question> questions(String name, int n) {
        return IntStream.range(0, n)
                .mapToObj(i -> new Question(
                        "k",
                        "deception-j1",
                        Map.of("inner_prompt", name, "outer_prompt", "o", "belief", "b", "response", "r" + i),
                        Map.of(),
                        Form.YES_NO))
                .toList();
    }

    /** The limit is one on all answers together, however many benchmarks are judged. */
    @Test
    void oneJudgeOfTwoBenchmarksHasOneLimit() throws IOException {
        try (LoopbackServer server = new LoopbackServer((n, request, out) -> LoopbackServer.say(out, "Yes"))) {
            // An answer costs 0.002, and up to 0.12 is set aside for one.
            StudyConfig config = config("{kind: endpoint, url: '" + server.url() + "', model: m, concurrency: 1,"
                    + " max_cost: 0.2, input_price: 10, output_price: 100, mask: {max_tokens: 500, attempts: 1}}");
            List<StudyTask<?>> tasks =
                    EvaluationPlan.tasks(config.model(), config.section(StudyConfig.EVALUATE)).stream()
                            .filter(StudyTask::judged)
                            .toList();
            assertThat(tasks).extracting(task -> task.task().name()).containsExactly("mask", "deceptionbench");
            try (Judges judges = new Judges(config, AnswerCache.in(folder.resolve("cache")), Helpers.none())) {
                Judge mask = judges.of(tasks.getFirst());
                assertThatThrownBy(() -> mask.judge(questions("mask", 100)))
                        .isInstanceOf(BadInput.class)
                        .hasMessageContaining("the judge's bound on cost is reached");
                int asked = server.received().size();
                assertThatThrownBy(() -> judges.of(tasks.getLast()).judge(questions("deception", 1)))
                        .isInstanceOf(BadInput.class)
                        .hasMessageContaining("the judge's bound on cost is reached");
                assertThat(server.received()).hasSize(asked);
            }
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        {kind: endpoint, url: u, model: m, mask: {attempts: 1, prompts: p, max_failures: 0.1}}     | true  | true
        {kind: endpoint, url: u, model: m, max_tokens: 9, mask: {max_tokens: 99}}                  | true  | true
        {kind: endpoint, url: u, model: m, mask: {temperature: 1}}                                 | false | true
        {kind: endpoint, url: u, model: m, mask: {model: other}}                                   | false | false
        {kind: endpoint, url: u, model: m, mask: {max_seconds: 60}}                                | false | false
        {kind: local, model: d, mask: {max_tokens: 99}}                                            | true  | true
        {kind: local, model: d, mask: {model: ./d}}                                                | true  | false
        {kind: local, model: d, mask: {model: e}}                                                  | false | false
        """)
    void whatMakesAnotherJudge(String judge, boolean model, boolean limits) throws IOException {
        StudyConfig config = config(judge);
        Section mask = JudgeSection.of(config, "mask");
        Section deception = JudgeSection.of(config, "deceptionbench");
        assertThat(JudgeSection.model(mask).equals(JudgeSection.model(deception)))
                .isEqualTo(model);
        assertThat(JudgeSection.limits(mask).equals(JudgeSection.limits(deception)))
                .isEqualTo(limits);
    }

    /** A local judge takes its memory once, and one that a single benchmark has takes it too. */
    @Test
    void everyLocalJudgeCountsOnce() throws IOException {
        Path other = Files.createDirectory(folder.resolve("other"));
        try (var files = Files.list(StudyFixture.MODEL)) {
            for (Path file : files.toList()) {
                Files.copy(file, other.resolve(file.getFileName()));
            }
        }
        long none = answering("{kind: rules}");
        long one = answering("{kind: local, model: " + StudyFixture.MODEL + "}") - none;
        assertThat(one).isPositive();
        assertThat(answering("{kind: local, model: " + StudyFixture.MODEL + ", mask: {max_tokens: 99}}") - none)
                .isEqualTo(one);
        assertThat(answering("{kind: rules, mask: {kind: local, model: " + StudyFixture.MODEL + "}}") - none)
                .isEqualTo(one);
        assertThat(answering("{kind: local, model: " + StudyFixture.MODEL + ", mask: {model: " + other + "}}") - none)
                .isEqualTo(2 * one);
    }

    private long answering(String judge) throws IOException {
        return StudyFixture.open(
                        Protocols.MIXTURE, study(judge), folder.resolve("out"), StudyProgress.NONE, () -> false)
                .plan()
                .answering()
                .host()
                .total();
    }
}
