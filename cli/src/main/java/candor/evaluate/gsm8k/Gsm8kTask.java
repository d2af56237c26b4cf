package candor.evaluate.gsm8k;

import candor.evaluate.Answers;
import candor.evaluate.Outcome;
import candor.evaluate.Task;
import candor.evaluate.ask.Ask;
import candor.evaluate.ask.Prompt;
import candor.evaluate.ask.Prompt.Turn;
import candor.evaluate.ask.Sampling;
import candor.evaluate.benchmark.BenchmarkSettings;
import candor.evaluate.data.DataRow;
import candor.evaluate.data.Table;
import candor.evaluate.judge.Judgements;
import candor.evaluate.judge.Question;
import candor.stats.Mean;
import candor.train.config.Settings;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** GSM8K: few-shot as a conversation, last number. */
public final class Gsm8kTask implements Task<Gsm8kTask.Problem> {
    private static final int PUBLISHED_ROWS = 1319;
    static final String KEY = "answer";

    /** Which number of the reply counts. */
    public enum AnswerRule {
        /** The last one. */
        LAST_NUMBER,
        /** The one behind {@code ####}, as the training split's answers write it. */
        STRICT,
        /** OpenCompass's: the last run of digits; commas are taken out of the gold answer alone, so that "1,200" reads 200. */
        OPENCOMPASS
    }

    /** A problem with its worked answer, and the number at its end. */
    public record Problem(String id, String question, String answer, BigDecimal gold, DataRow data)
            implements Task.Row {
        @Override
        public String subset() {
            return "all";
        }
    }

    private final List<Problem> rows;
    private final Examples examples;
    private final Settings settings;

    private Gsm8kTask(List<Problem> rows, Examples examples, Settings settings) {
        this.rows = rows;
        this.examples = examples;
        this.settings = settings;
    }

    /**
     * Reads the data.
     *
     * @param settings values of {@link Gsm8k}'s, the number of examples among them
     */
    public static Gsm8kTask load(List<Path> files, Settings settings) {
        int shots = settings.require(Gsm8k.SHOTS).intValue();
        List<Path> training = BenchmarkSettings.files(settings, Gsm8k.TRAINING_DATA);
        Examples examples = shots == 0
                ? Examples.NONE
                : training.isEmpty() ? Examples.builtIn(shots) : Examples.of(problems(training), shots);
        return new Gsm8kTask(problems(files), examples, settings);
    }

    private static List<Problem> problems(List<Path> files) {
        List<Problem> problems = new ArrayList<>();
        for (DataRow row : Table.read(files, List.of("question", "answer"))) {
            String answer = row.text("answer");
            BigDecimal gold =
                    NumberAnswer.marked(answer).orElseThrow(() -> row.bad("the answer has no number after ####"));
            String id = Integer.toString(problems.size() + 1);
            problems.add(new Problem(id, row.text("question"), answer, gold, row));
        }
        return problems;
    }

    @Override
    public String name() {
        return Gsm8k.NAME;
    }

    @Override
    public String version() {
        return "2";
    }

    @Override
    public List<Problem> rows() {
        return rows;
    }

    @Override
    public List<String> notes() {
        return rows.size() == PUBLISHED_ROWS
                ? List.of()
                : List.of(rows.size() + " rows, the published test split has " + PUBLISHED_ROWS);
    }

    @Override
    public ObjectNode settings() {
        return new Gsm8k().chosen(settings).put("examples", examples.source());
    }

    @Override
    public List<Ask> asks(Problem row) {
        List<Turn> turns = new ArrayList<>();
        for (Examples.Example example : examples.worked()) {
            turns.add(Turn.user(prompt(example.question())));
            turns.add(Turn.assistant(example.answer()));
        }
        turns.add(Turn.user(prompt(row.question())));
        return List.of(new Ask.Generate(
                KEY,
                Prompt.Chat.of("", turns.toArray(Turn[]::new)),
                new Sampling(
                        settings.get(Gsm8k.TEMPERATURE),
                        1,
                        settings.get(Gsm8k.MAX_NEW_TOKENS).intValue(),
                        0)));
    }

    private static String prompt(String question) {
        return "Question: " + question.strip() + "\nLet's think step by step\nAnswer:";
    }

    @Override
    public List<Question> questions(Problem row, Answers answers) {
        return List.of();
    }

    @Override
    public Outcome outcome(Problem row, Answers answers, Judgements judgements) {
        String reply = answers.text(KEY);
        Optional<BigDecimal> number =
                switch (settings.get(Gsm8k.ANSWER_RULE)) {
                    case LAST_NUMBER -> NumberAnswer.last(reply);
                    case STRICT -> NumberAnswer.marked(reply);
                    case OPENCOMPASS -> NumberAnswer.openCompass(reply);
                };
        boolean right = number.map(n -> NumberAnswer.equal(n, row.gold())).orElse(false);
        Map<String, Double> values = new LinkedHashMap<>();
        values.put("accuracy", Outcome.share(right));
        values.put("answered", Outcome.share(number.isPresent()));
        ObjectNode details = JsonNodeFactory.instance
                .objectNode()
                .put("number", number.map(BigDecimal::toPlainString).orElse(null))
                .put("gold", row.gold().toPlainString());
        return new Outcome(values, details);
    }

    @Override
    public Optional<Guessing> guessing() {
        return Optional.of(new Guessing("accuracy", 0));
    }

    @Override
    public String shorter() {
        int shots = examples.worked().size();
        return shots == 0 ? "" : "fewer examples ({num_fewshot} " + shots + ") make it shorter";
    }

    @Override
    public String target(Problem row) {
        return row.gold().toPlainString();
    }

    @Override
    public Optional<String> extracted(Outcome outcome) {
        return Optional.ofNullable(outcome.details().path("number").textValue());
    }

    @Override
    public List<Measure> measures() {
        return List.of(
                new Measure("accuracy", Mean.POOLED, "right answers over all rows"),
                new Measure("answered", Mean.POOLED, "replies with a number"));
    }
}
