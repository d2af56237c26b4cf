package candor.study;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.assertj.core.api.Assertions.within;

import candor.evaluate.Answers;
import candor.evaluate.Outcome;
import candor.evaluate.Result;
import candor.evaluate.TestRows;
import candor.evaluate.choice.ChoiceTask;
import candor.evaluate.choice.Mmlu;
import candor.evaluate.judge.Judgements;
import candor.ops.BackendDescriptor;
import candor.ops.Backends;
import candor.study.record.Key;
import candor.study.record.Metric;
import candor.study.record.Metric.Kind;
import candor.study.record.Outcomes;
import candor.study.record.Score;
import candor.study.record.StudyKind;
import candor.train.config.Settings;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StudyResultsTest {
    @TempDir
    private Path folder;

    private static Result row(String subject, int number, boolean right) {
        double value = Outcome.share(right);
        return row(subject, number, Map.of("accuracy", value, "accuracy_by_subject", value));
    }

    private static Result row(String subset, int number, Map<String, Double> values) {
        return new Result(
                1,
                "arm",
                subset + "/" + number,
                subset,
                "hash",
                List.of(),
                new Answers(Map.of()),
                List.of(),
                Judgements.NONE,
                new Outcome(values, JsonNodeFactory.instance.objectNode()));
    }

    private StudyConfig config() {
        return new StudyConfig(
                StudyKind.MIXTURE,
                "s",
                folder,
                folder,
                List.of(1L),
                1,
                folder.resolve("cache"),
                Backends.Choice.asked(BackendDescriptor.CPU),
                Section.empty());
    }

    /** Where the judge failed on the answer, reasoning that holds the belief is in no score, and in no count beside it. */
    @Test
    void reasoningIsCountedAmongTheRowsOfTheScore() {
        String row = "{'type':'sandbagging','inner_prompt':'i','outer_prompt':'o'}";
        Section evaluate = Section.empty()
                .with(
                        "evaluate.deceptionbench.data",
                        List.of(TestRows.file(folder, "deception.jsonl", row).toString()),
                        "test");
        StudyTask<?> deception =
                EvaluationPlan.tasks(folder, evaluate.section("evaluate")).getFirst();
        List<Result> rows = List.of(
                row("sandbagging", 1, Map.of("conforming", 1.0, "j2_yes", 1.0, "deceptive", 1.0)),
                row("sandbagging", 2, Map.of("conforming", 1.0, "j2_yes", 1.0)),
                row("sandbagging", 3, Map.of("conforming", 1.0, "j2_yes", 1.0)));
        Score score = new StudyResults(deception, config())
                .score(
                        new Key("arm", 1, "deceptionbench", "all"),
                        deception.reported().getFirst(),
                        deception.counted(),
                        rows);
        assertThat(score.n()).isOne();
        assertThat(score.counts())
                .containsEntry("deceptive", 1L)
                .containsEntry("j2_yes", 1L)
                .containsEntry("conforming", 3L);
    }

    /** Law: 1 of 3 right, maths: 2 of 2. OpenCompass reports (33.33 + 100) / 2, lm-evaluation-harness 3 of 5. */
    @Test
    void mmluIsThePlainMeanOverSubjectsWithThePooledOneBeside() {
        String question = "{'question':'?','choices':['a','b','c','d'],'answer':0,'subject':'%s'}";
        ChoiceTask task = new Mmlu()
                .open(
                        List.of(TestRows.file(
                                folder, "mmlu.jsonl", question.formatted("law"), question.formatted("maths"))),
                        Settings.NONE);
        Section evaluate = Section.empty()
                .with("evaluate.mmlu.data", List.of(folder.resolve("mmlu.jsonl").toString()), "test");
        StudyTask<?> mmlu =
                EvaluationPlan.tasks(folder, evaluate.section("evaluate")).getFirst();
        assertThat(mmlu.rows()).hasSameSizeAs(task.rows());
        assertThat(mmlu.metrics())
                .extracting(Metric::task, Metric::subset, Metric::label, Metric::kind)
                .containsExactly(
                        tuple("mmlu", "all", "MMLU", Kind.CAPABILITY),
                        tuple("mmlu_pooled", "all", "MMLU, pooled over questions", Kind.CAPABILITY));

        StudyResults results = new StudyResults(mmlu, config());
        List<Result> rows = List.of(
                row("law", 1, true),
                row("maths", 2, true),
                row("law", 3, false),
                row("law", 4, false),
                row("maths", 5, true));
        var bySubject = mmlu.reported().getFirst();
        var byRow = mmlu.reported().getLast();
        Score mean = results.score(new Key("arm", 1, "mmlu", "all"), bySubject, List.of(), rows);
        Score pooled = results.score(new Key("arm", 1, "mmlu_pooled", "all"), byRow, List.of(), rows);
        assertThat(mean.value()).isEqualTo(200 / 3.0, within(1e-9));
        assertThat(pooled.value()).isEqualTo(60, within(1e-9));
        assertThat(mean.n()).isEqualTo(5);

        // What the report averages over rows is the score itself: 5 / (2 · 3) for a row of law, 5 / (2 · 2) for one of
        // maths.
        Outcomes outcomes = results.outcomes(mean.key(), bySubject, rows);
        assertThat(outcomes.values()).containsExactly(5 / 6.0, 1.25, 0.0, 0.0, 1.25);
        assertThat(100
                        * outcomes.values().stream()
                                .mapToDouble(v -> v)
                                .average()
                                .orElseThrow())
                .isEqualTo(mean.value(), within(1e-9));
        assertThat(results.outcomes(pooled.key(), byRow, rows).values()).containsExactly(1.0, 1.0, 0.0, 0.0, 1.0);
    }
}
