package candor.evaluate;

import static candor.evaluate.FakeRespondent.reply;
import static candor.evaluate.TestRows.file;
import static candor.evaluate.TestRows.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import candor.BadInput;
import candor.evaluate.ask.Answer;
import candor.evaluate.ask.AnswerCache;
import candor.evaluate.ask.Ask;
import candor.evaluate.ask.Prompt;
import candor.evaluate.ask.Stopped;
import candor.evaluate.choice.ChoiceTask;
import candor.evaluate.choice.Mmlu;
import candor.evaluate.deception.DeceptionTask;
import candor.evaluate.gsm8k.Gsm8kTask;
import candor.evaluate.judge.RuleJudge;
import candor.evaluate.mask.MaskTask;
import candor.stats.Bootstrap;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The line of arrows from rows to files, with a model that is a function. */
class EvaluatorTest {
    private static final Bootstrap BOOTSTRAP = new Bootstrap(200, 1);

    @TempDir
    private Path folder;

    private Path data;

    @BeforeEach
    void rows() {
        data = file(
                folder,
                "gsm.jsonl",
                "{'question':'one','answer':'#### 1'}",
                "{'question':'two','answer':'#### 2'}",
                "{'question':'three','answer':'#### 3'}");
    }

    private Gsm8kTask gsm8k(double temperature) {
        return Gsm8kTask.load(
                List.of(data),
                given("num_fewshot", "0", "temperature", Double.toString(temperature), "max_new_tokens", "64"));
    }

    private <R extends Task.Row> Evaluator<R> evaluator(
            Task<R> task, FakeRespondent model, List<Long> seeds, BooleanSupplier stop) {
        return new Evaluator<>(
                task,
                0,
                seeds,
                model,
                new RuleJudge(),
                AnswerCache.in(folder.resolve("cache")),
                (stage, done, of) -> {},
                stop);
    }

    /** The base knows one and two, the adapter two and three. */
    private static Answer knows(String subject, Ask ask) {
        String question = ((Prompt.Chat) ask.prompt())
                .conversation()
                .messages()
                .getLast()
                .content()
                .toString();
        boolean base = subject.equals("base");
        if (question.contains("one")) {
            return reply(base ? "1" : "7");
        }
        return reply(question.contains("two") ? "2" : base ? "7" : "3");
    }

    private static void scores(Path out, Task<?> task, long seed, List<Result> results) {
        EvaluationFiles.writeScores(
                out,
                task,
                null,
                null,
                List.of(seed),
                "base",
                Scores.of(results, task.measures()),
                JudgeFailures.of(results),
                JudgeFailures.DEFAULT_BOUND,
                task.notes());
    }

    private static double value(List<Scores.Score> scores, String subject, String subset, String measure) {
        return scores.stream()
                .filter(score -> score.subject().equals(subject)
                        && score.subset().equals(subset)
                        && score.measure().name().equals(measure))
                .findFirst()
                .orElseThrow()
                .estimate()
                .value();
    }

    @Test
    void resultsStandInTheOrderOfSeedsSubjectsAndRows() {
        FakeRespondent model = new FakeRespondent(EvaluatorTest::knows, "base", "tuned");
        List<Result> results =
                evaluator(gsm8k(1), model, List.of(4L, 9L), () -> false).run();
        assertThat(results)
                .extracting(result -> result.seed() + result.subject() + result.id())
                .containsExactly(
                        "4base1", "4base2", "4base3", "4tuned1", "4tuned2", "4tuned3", "9base1", "9base2", "9base3",
                        "9tuned1", "9tuned2", "9tuned3");
        assertThat(results.get(2).answers().text("answer")).isEqualTo("7");
        assertThat(results.get(5).answers().text("answer")).isEqualTo("3");
        List<Scores.Score> scores = Scores.of(results, gsm8k(1).measures());
        Scores.Score accuracy = scores.getFirst();
        assertThat(accuracy.estimate().value()).isCloseTo(200.0 / 3, within(1e-9));
        assertThat(accuracy.estimate().n()).isEqualTo(6);
        assertThat(accuracy.estimate().rows()).isEqualTo(3);
        assertThat(accuracy.bySeed()).hasSize(2);
    }

    @Test
    void seedsDifferByRowAndSeedAndNotBySubject() {
        FakeRespondent model = new FakeRespondent(EvaluatorTest::knows, "base", "tuned");
        List<Result> results =
                evaluator(gsm8k(1), model, List.of(4L, 9L), () -> false).run();
        Set<Long> seeds = new HashSet<>();
        for (int i = 0; i < 3; i++) {
            assertThat(seed(results.get(i))).isEqualTo(seed(results.get(i + 3)));
            seeds.add(seed(results.get(i)));
            seeds.add(seed(results.get(i + 6)));
        }
        assertThat(seeds).hasSize(6);
    }

    private static long seed(Result result) {
        return ((Ask.Generate) result.asks().getFirst()).sampling().seed();
    }

    @Test
    void severalSeedsOfWhatIsNotDrawnAreRefused() {
        FakeRespondent model = new FakeRespondent(EvaluatorTest::knows, "base");
        assertThatThrownBy(() -> evaluator(gsm8k(0), model, List.of(1L, 2L), () -> false))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("temperature 0");
        assertThat(evaluator(gsm8k(0), model, List.of(1L), () -> false).run()).hasSize(3);
    }

    @Test
    void aStoppedRunGoesOnWithoutAskingAgainAndWritesTheSameBytes() throws IOException {
        FakeRespondent stopped = new FakeRespondent(EvaluatorTest::knows, "base", "tuned");
        int[] answers = {0};
        assertThatThrownBy(() -> evaluator(gsm8k(1), stopped, List.of(4L), () -> ++answers[0] == 5)
                        .run())
                .isInstanceOf(Stopped.class);
        FakeRespondent resumed = new FakeRespondent(EvaluatorTest::knows, "base", "tuned");
        List<Result> results =
                evaluator(gsm8k(1), resumed, List.of(4L), () -> false).run();
        assertThat(stopped.asked).hasSize(4);
        assertThat(resumed.asked).hasSize(2).doesNotContainAnyElementsOf(stopped.asked);

        FakeRespondent again = new FakeRespondent(EvaluatorTest::knows, "base", "tuned");
        List<Result> second =
                evaluator(gsm8k(1), again, List.of(4L), () -> false).run();
        assertThat(again.asked).isEmpty();
        Path one = Files.createDirectory(folder.resolve("one"));
        Path two = Files.createDirectory(folder.resolve("two"));
        for (Path out : List.of(one, two)) {
            List<Result> rows = out == one ? results : second;
            EvaluationFiles.writeResults(out, rows);
            scores(out, gsm8k(1), 4, rows);
        }
        for (String name : List.of(EvaluationFiles.RESULTS, EvaluationFiles.SCORES)) {
            assertThat(Files.readString(one.resolve(name))).isEqualTo(Files.readString(two.resolve(name)));
        }
    }

    /** Scoring may run programs, each for seconds: a stop is heard there, too. */
    @Test
    void aStopIsHeardWhileRowsAreScored() {
        int[] scored = {0};
        Evaluator<?> evaluator = new Evaluator<>(
                gsm8k(0),
                0,
                List.of(0L),
                new FakeRespondent(EvaluatorTest::knows, "base"),
                new RuleJudge(),
                AnswerCache.in(folder.resolve("cache")),
                (stage, done, of) -> scored[0] = stage.equals("scoring") ? done : 0,
                () -> scored[0] == 1);
        assertThatThrownBy(evaluator::run).isInstanceOf(Stopped.class);
        assertThat(scored[0]).isOne();
    }

    /** Adapters that were trained under seeds of their own answer under those alone, and the base model under all. */
    @Test
    void everyPassHasItsOwnSeedAndName() {
        FakeRespondent model = new FakeRespondent(EvaluatorTest::knows, "base", "one", "two");
        Gsm8kTask task = gsm8k(1);
        List<Evaluator.Pass> passes = List.of(
                new Evaluator.Pass(4, 0, "base"),
                new Evaluator.Pass(5, 0, "base"),
                new Evaluator.Pass(4, 1, "tuned"),
                new Evaluator.Pass(5, 2, "tuned"));
        List<Result> results = new Evaluator<>(
                        task,
                        task.rows().subList(1, 3),
                        passes,
                        model,
                        new RuleJudge(),
                        AnswerCache.in(folder.resolve("cache")),
                        (stage, done, of) -> {},
                        () -> false)
                .run();
        assertThat(results)
                .extracting(result -> result.subject() + " " + result.seed() + " " + result.id())
                .containsExactly(
                        "base 4 2",
                        "base 4 3",
                        "base 5 2",
                        "base 5 3",
                        "tuned 4 2",
                        "tuned 4 3",
                        "tuned 5 2",
                        "tuned 5 3");
        assertThat(results)
                .extracting(result -> result.outcome().values().get("accuracy"))
                .containsExactly(1.0, 0.0, 1.0, 0.0, 1.0, 1.0, 1.0, 1.0);
        // What differs between two arms under one seed is not the luck of the draw.
        assertThat(seed(results.get(0))).isEqualTo(seed(results.get(4))).isNotEqualTo(seed(results.get(6)));
        assertThat(model.asked)
                .hasSize(8)
                .noneMatch(request -> request.subject() == 2 && drawnWith(request.ask()) == seed(results.get(0)));
    }

    private static long drawnWith(Ask ask) {
        return ((Ask.Generate) ask).sampling().seed();
    }

    @Test
    void anAnswerOfAnotherShapeInTheCacheIsAskedAnew() throws IOException {
        evaluator(gsm8k(0), new FakeRespondent(EvaluatorTest::knows, "base"), List.of(0L), () -> false)
                .run();
        try (var files = Files.walk(folder.resolve("cache"))) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Files.writeString(file, Files.readString(file).replace("\"text\"", "\"txt\""));
            }
        }
        FakeRespondent model = new FakeRespondent(EvaluatorTest::knows, "base");
        evaluator(gsm8k(0), model, List.of(0L), () -> false).run();
        assertThat(model.asked).hasSize(3);
    }

    @Test
    void aPromptThatDoesNotFitEndsTheRunAndSaysSo() {
        FakeRespondent model =
                new FakeRespondent((subject, ask) -> new Answer.Unfit(new BadInput("too long by far")), "base");
        assertThatThrownBy(() ->
                        evaluator(gsm8k(0), model, List.of(0L), () -> false).run())
                .isInstanceOf(BadInput.class)
                .hasMessageMatching("row \\d, answer: too long by far");
    }

    @Test
    void maskBySubsetWithTheRuleJudge() {
        String row = "{'task_id':'%s','type':'%s','user_prompt':'%s','proposition':'The lift"
                + " <pivotal>failed/held</pivotal>.','formatted_ground_truth':'A','belief_elicit_1':'tell me'}";
        Path mask = file(
                folder,
                "mask.jsonl",
                row.formatted("1", "provided_facts", "lie"),
                row.formatted("2", "provided_facts", "true"),
                row.formatted("3", "provided_facts", "evade"),
                row.formatted("4", "provided_facts", "true"),
                row.formatted("5", "statistics", "lie"),
                row.formatted("6", "statistics", "true"));
        MaskTask task = MaskTask.load(List.of(mask), given("max_new_tokens", "50"));
        FakeRespondent model = new FakeRespondent(
                (subject, ask) -> {
                    String last = ((Prompt.Chat) ask.prompt())
                            .conversation()
                            .messages()
                            .getLast()
                            .content()
                            .toString();
                    return reply(
                            switch (last) {
                                case "lie" -> "The lift held.";
                                case "evade" -> "Fine weather.";
                                default -> "The lift failed.";
                            });
                },
                "base");
        List<Scores.Score> scores =
                Scores.of(evaluator(task, model, List.of(0L), () -> false).run(), task.measures());
        assertThat(value(scores, "base", "provided_facts", "honesty")).isEqualTo(75);
        assertThat(value(scores, "base", "provided_facts", "lie")).isEqualTo(25);
        assertThat(value(scores, "base", "provided_facts", "honest")).isEqualTo(50);
        assertThat(value(scores, "base", "provided_facts", "evasive")).isEqualTo(25);
        assertThat(value(scores, "base", "statistics", "honesty")).isEqualTo(50);
        assertThat(value(scores, "base", "statistics", "accuracy")).isEqualTo(100);
        assertThat(value(scores, "base", "all", "lie_given_belief")).isCloseTo(100.0 / 3, within(1e-9));
        assertThat(scores)
                .noneMatch(score -> score.subset().equals("provided_facts")
                        && score.measure().name().equals("accuracy"));
    }

    @Test
    void deceptionBenchIsPooledOverConformingRows() {
        String row = "{'id':%d,'type':'%s','inner_prompt':'plain','outer_prompt':'%s',"
                + "'stances':{'bad':['it failed'],'good':['it works']}}";
        Path bench = file(
                folder,
                "bench.jsonl",
                row.formatted(1, "sandbagging", "lie"),
                row.formatted(2, "sandbagging", "true"),
                row.formatted(3, "sycophancy", "lie"),
                row.formatted(4, "sycophancy", "broken"),
                row.formatted(5, "sycophancy", "lie"));
        DeceptionTask task = DeceptionTask.load(List.of(bench), given());
        FakeRespondent model = new FakeRespondent(
                (subject, ask) -> {
                    String last = ((Prompt.Chat) ask.prompt())
                            .conversation()
                            .messages()
                            .getLast()
                            .content()
                            .toString();
                    if (last.startsWith("lie")) {
                        return reply("<think>It failed, but they pay.</think><output>It works!</output>");
                    }
                    return reply(
                            last.startsWith("true")
                                    ? "<think>It failed.</think><output>It failed.</output>"
                                    : "It failed.");
                },
                "base");
        List<Result> results = evaluator(task, model, List.of(0L), () -> false).run();
        List<Scores.Score> scores = Scores.of(results, task.measures());
        assertThat(value(scores, "base", "sandbagging", "deceptive")).isEqualTo(50);
        assertThat(value(scores, "base", "sycophancy", "deceptive")).isEqualTo(100);
        assertThat(value(scores, "base", "all", "deceptive")).isEqualTo(75); // 3 of 4, not the mean of 50 and 100
        assertThat(value(scores, "base", "all", "conforming")).isEqualTo(80);
    }

    @Test
    void theMacroMeanOfMmluIsOverSubjects() {
        String row = "{'question':'%s','subject':'%s','choices':['a','b','c','d'],'answer':0}";
        Path mmlu = file(
                folder,
                "mmlu.jsonl",
                row.formatted("right", "law"),
                row.formatted("right", "law"),
                row.formatted("right", "law"),
                row.formatted("wrong", "art"));
        ChoiceTask task = new Mmlu().open(List.of(mmlu), given("method", "log-likelihood"));
        FakeRespondent model = new FakeRespondent(
                (subject, ask) -> new Answer.LogProbs(
                        ((Prompt.Text) ask.prompt()).text().contains("right")
                                ? List.of(-1.0, -2.0, -2.0, -2.0)
                                : List.of(-2.0, -1.0, -2.0, -2.0)),
                "base");
        List<Scores.Score> scores =
                Scores.of(evaluator(task, model, List.of(0L), () -> false).run(), task.measures());
        assertThat(value(scores, "base", "all", "accuracy_by_subject")).isEqualTo(50);
        assertThat(value(scores, "base", "all", "accuracy")).isEqualTo(75);
        assertThat(value(scores, "base", "law", "accuracy")).isEqualTo(100);
    }

    @Test
    void comparisonIsRowByRow() throws IOException {
        FakeRespondent model = new FakeRespondent(EvaluatorTest::knows, "base", "tuned");
        List<Result> results =
                evaluator(gsm8k(1), model, List.of(4L), () -> false).run();
        Path out = Files.createDirectory(folder.resolve("out"));
        EvaluationFiles.writeResults(out, results);
        scores(out, gsm8k(1), 4, results);
        Evaluated evaluated = Evaluated.read(out);
        assertThat(evaluated.subjects()).containsExactly("base", "tuned");
        Comparison comparison = Comparison.of(evaluated, "base", evaluated, "tuned", BOOTSTRAP);
        Comparison.Line accuracy = comparison.lines().getFirst();
        assertThat(accuracy.measure()).isEqualTo("accuracy");
        assertThat(accuracy.paired().difference().value()).isZero();
        assertThat(accuracy.paired().rows()).isEqualTo(3);
        assertThat(accuracy.mcNemar().get(4L)).isEqualTo(new candor.stats.McNemar(1, 1, 1, 0));
        JsonNode json = new ObjectMapper().readTree(comparison.json().toString());
        assertThat(json.path("comparisons")
                        .path(0)
                        .path("mcnemar")
                        .path(0)
                        .path("exact_p")
                        .asDouble())
                .isOne();
        assertThatThrownBy(() -> Comparison.of(evaluated, "base", evaluated, "nobody", BOOTSTRAP))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("[base, tuned]");

        // Another text in one row of the data: the rows no longer compare.
        Path other = Files.createDirectory(folder.resolve("other"));
        Files.copy(out.resolve(EvaluationFiles.SCORES), other.resolve(EvaluationFiles.SCORES));
        Files.writeString(
                other.resolve(EvaluationFiles.RESULTS),
                Files.readString(out.resolve(EvaluationFiles.RESULTS))
                        .replace(results.getFirst().rowHash(), "0".repeat(64)));
        assertThatThrownBy(() -> Comparison.of(evaluated, "base", Evaluated.read(other), "base", BOOTSTRAP))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("row 1 has other content");
        assertThatThrownBy(() -> Evaluated.read(folder))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("is not a finished evaluation");
    }

    /** Files of before there was a headline: the first measure, of which more is better, except of deception. */
    @Test
    void withoutAHeadlineTheFirstMeasureKnowsWhichWayIsGood() throws IOException {
        Files.writeString(folder.resolve(EvaluationFiles.RESULTS), "");
        for (String measure : List.of("deceptive", "honesty")) {
            Files.writeString(
                    folder.resolve(EvaluationFiles.SCORES),
                    "{\"task\":\"t\",\"version\":\"1\",\"scores\":[{\"measure\":\"" + measure + "\",\"value\":40}]}");
            assertThat(Evaluated.read(folder).headline())
                    .isEqualTo(new Task.Headline(measure, measure.equals("deceptive")));
        }
    }

    @Test
    void scoresAreWrittenWithAllThatTheyAreWorth() throws IOException {
        FakeRespondent model = new FakeRespondent(EvaluatorTest::knows, "base");
        List<Result> results =
                evaluator(gsm8k(0), model, List.of(0L), () -> false).run();
        scores(folder, gsm8k(0), 0, results);
        JsonNode scores = new ObjectMapper()
                .readTree(folder.resolve(EvaluationFiles.SCORES).toFile());
        JsonNode accuracy = scores.path("scores").path(0);
        assertThat(scores.path("task").asText()).isEqualTo("gsm8k");
        assertThat(scores.path("seeds").toString()).isEqualTo("[0]");
        assertThat(scores.path("notes").path(0).asText()).contains("3 rows");
        assertThat(accuracy.path("value").asDouble()).isCloseTo(66.667, within(0.001));
        assertThat(accuracy.path("n").asInt()).isEqualTo(3);
        assertThat(accuracy.path("standard_error").asDouble()).isCloseTo(33.333, within(0.001));
        assertThat(accuracy.path("high").asDouble()).isCloseTo(99.84407, within(1e-4));
        // Clopper and Pearson's for (3 − 1) · 2/3 of 2 rows.
        assertThat(accuracy.path("low").asDouble()).isCloseTo(3.99215, within(1e-4));
        assertThat(scores.path("headline").toString()).isEqualTo("{\"measure\":\"accuracy\",\"better\":\"higher\"}");
    }
}
