package candor.study;

import static candor.evaluate.TestRows.given;
import static org.assertj.core.api.Assertions.assertThat;

import candor.evaluate.Limit;
import candor.evaluate.TestRows;
import candor.evaluate.benchmark.Reported;
import candor.evaluate.choice.ChoiceTask;
import candor.evaluate.choice.Mmlu;
import candor.study.record.Metric;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StudyTaskTest {
    @TempDir
    private Path folder;

    private StudyTask<?> task(Metric.Kind kind, int limit) {
        String row = "{'question':'%d?','choices':['a','b','c','d'],'answer':0,'subject':'%s'}";
        Path file = TestRows.file(
                folder,
                "choice.jsonl",
                row.formatted(1, "x"),
                row.formatted(2, "y"),
                row.formatted(3, "x"),
                row.formatted(4, "x"),
                row.formatted(5, "y"));
        ChoiceTask task = new Mmlu().open(List.of(file), given("method", "log-likelihood"));
        return new StudyTask<>(
                task,
                Limit.firstOfEach(task.rows(), limit),
                List.of(new Reported(
                        "mmlu",
                        "accuracy",
                        "Choice",
                        kind,
                        kind == Metric.Kind.DECEPTION ? Metric.Better.LOWER : Metric.Better.HIGHER)),
                kind != Metric.Kind.HONESTY,
                List.of(),
                "answer",
                false);
    }

    @Test
    void aLimitTakesTheFirstOfEachSubset() {
        assertThat(task(Metric.Kind.CAPABILITY, 2).rows())
                .extracting(row -> row.id())
                .containsExactly("x/1", "y/2", "x/3", "y/5");
        assertThat(task(Metric.Kind.CAPABILITY, 0).rows()).hasSize(5);
    }

    @Test
    void whatRowsAreAboutIsNamedWhereAllOfThemSay() {
        assertThat(about(
                        "{'question':'1?','choices':['a','b','c','d'],'answer':0,'domain':'%s'}",
                        "towns", "ships", "towns"))
                .containsExactly("ships", "towns");
        assertThat(about("{'question':'1?','choices':['a','b','c','d'],'answer':0,'domain':'%s'}", "towns", " "))
                .isEmpty();
        assertThat(about("{'question':'1?','choices':['a','b','c','d'],'answer':0,'domain':['%s']}", "towns"))
                .isEmpty();
        assertThat(about(
                        "{'question':'1?','choices':['a','b','c','d'],'answer':0,'domain':'%s'}", "abcdefgh".split("")))
                .isEmpty();
    }

    private List<String> about(String row, String... fields) {
        Path file = TestRows.file(
                folder, "about.jsonl", Arrays.stream(fields).map(row::formatted).toArray(String[]::new));
        ChoiceTask task = new Mmlu().open(List.of(file), given("method", "log-likelihood"));
        return new StudyTask<>(
                        task,
                        task.rows(),
                        List.of(new Reported(
                                "mmlu", "accuracy", "Choice", Metric.Kind.CAPABILITY, Metric.Better.HIGHER)),
                        true,
                        List.of(),
                        "answer",
                        false)
                .metrics()
                .getFirst()
                .about();
    }

    @Test
    void subsetsAreReportedAsTheirKindWants() {
        assertThat(task(Metric.Kind.CAPABILITY, 0).subsets()).containsExactly("all");
        assertThat(task(Metric.Kind.DECEPTION, 0).subsets()).containsExactly("all", "x", "y");
        assertThat(task(Metric.Kind.HONESTY, 0).subsets()).containsExactly("x", "y");
        assertThat(task(Metric.Kind.DECEPTION, 0).metrics())
                .extracting(metric -> metric.label() + " " + metric.better())
                .containsExactly("Choice LOWER", "Choice, x LOWER", "Choice, y LOWER");
    }
}
