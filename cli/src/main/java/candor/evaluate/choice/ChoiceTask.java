package candor.evaluate.choice;

import candor.BadInput;
import candor.evaluate.Answers;
import candor.evaluate.Outcome;
import candor.evaluate.PromptSet;
import candor.evaluate.Task;
import candor.evaluate.ask.Ask;
import candor.evaluate.ask.Prompt;
import candor.evaluate.ask.Prompt.Turn;
import candor.evaluate.ask.Sampling;
import candor.evaluate.benchmark.BenchmarkSettings;
import candor.evaluate.judge.Judgements;
import candor.evaluate.judge.Question;
import candor.stats.Mean;
import candor.train.config.Settings;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** MMLU and GPQA. */
public final class ChoiceTask implements Task<ChoiceRow> {
    private static final Pattern ANSWER = Pattern.compile("(?i)ANSWER\\s*:\\s*([A-D])");
    static final String KEY = "answer";

    /** How the model's choice is found. */
    public enum Method {
        /** A reply that reasons and ends in "ANSWER: letter"; the first such letter counts. */
        COT,
        /** The most probable of " A" … " D" behind "Answer:"; of equals the first. */
        LOG_LIKELIHOOD
    }

    private final ChoiceBenchmark benchmark;
    private final ObjectNode chosen;
    private final Method method;
    private final PromptSet promptSet;
    private final Sampling sampling;
    private final boolean chat;
    private final int shots;
    private final List<ChoiceRow> rows;
    private final Map<String, List<ChoiceRow>> examples;

    private ChoiceTask(
            ChoiceBenchmark benchmark, Settings given, List<ChoiceRow> rows, Map<String, List<ChoiceRow>> examples) {
        this.benchmark = benchmark;
        this.rows = rows;
        this.examples = examples;
        chosen = benchmark.chosen(given);
        method = given.get(ChoiceBenchmark.METHOD);
        promptSet = given.get(BenchmarkSettings.PROMPT_SET);
        sampling = new Sampling(
                given.get(ChoiceBenchmark.TEMPERATURE),
                1,
                given.get(ChoiceBenchmark.MAX_NEW_TOKENS).intValue(),
                0);
        chat = given.get(ChoiceBenchmark.CHAT);
        shots = given.get(ChoiceBenchmark.SHOTS).intValue();
    }

    /**
     * Reads the data.
     *
     * @param given values of {@link ChoiceBenchmark}'s settings
     */
    static ChoiceTask load(ChoiceBenchmark benchmark, List<Path> files, Settings given) {
        int shots = given.get(ChoiceBenchmark.SHOTS).intValue();
        List<Path> development = BenchmarkSettings.files(given, ChoiceBenchmark.DEVELOPMENT_DATA);
        if (!development.isEmpty() && !given.has(ChoiceBenchmark.SHOTS)) {
            throw new BadInput(
                    given.origin(ChoiceBenchmark.DEVELOPMENT_DATA) + ": says where examples come from",
                    "say how many with {num_fewshot}, too");
        }
        if (shots > 0 && given.get(ChoiceBenchmark.METHOD) == Method.COT) {
            throw new BadInput(
                    given.origin(ChoiceBenchmark.SHOTS) + ": chain of thought is zero-shot here",
                    "examples go with {method} log-likelihood");
        }
        if (shots > 0 && development.isEmpty()) {
            throw new BadInput(
                    given.origin(ChoiceBenchmark.SHOTS) + ": there is nothing to take examples from",
                    "give the development split as {fewshot_data}");
        }
        List<ChoiceRow> rows = benchmark.read(files);
        Map<String, List<ChoiceRow>> examples = new TreeMap<>();
        if (shots > 0) {
            for (ChoiceRow row : benchmark.read(development)) {
                List<ChoiceRow> ofSubject = examples.computeIfAbsent(row.subset(), name -> new ArrayList<>());
                if (ofSubject.size() < shots) {
                    ofSubject.add(row);
                }
            }
            for (ChoiceRow row : rows) {
                int found = examples.getOrDefault(row.subset(), List.of()).size();
                if (found < shots) {
                    throw new BadInput(
                            "the development split has " + found + " rows of " + row.subset() + ", expected " + shots,
                            "give more as {fewshot_data} or lower {num_fewshot}");
                }
            }
        }
        return new ChoiceTask(benchmark, given, rows, examples);
    }

    @Override
    public String name() {
        return benchmark.name();
    }

    @Override
    public String version() {
        return "2";
    }

    @Override
    public List<ChoiceRow> rows() {
        return rows;
    }

    @Override
    public List<String> notes() {
        return benchmark.notes(rows);
    }

    @Override
    public ObjectNode settings() {
        return chosen;
    }

    @Override
    public List<Ask> asks(ChoiceRow row) {
        return switch (method) {
            case COT -> List.of(new Ask.Generate(KEY, Prompt.Chat.of("", Turn.user(reasoningPrompt(row))), sampling));
            case LOG_LIKELIHOOD ->
                List.of(new Ask.Score(
                        KEY,
                        chat ? Prompt.Chat.of("", Turn.user(letterPrompt(row))) : new Prompt.Text(letterPrompt(row)),
                        ChoiceRow.LETTERS.stream()
                                .map(letter -> chat ? letter : " " + letter)
                                .toList()));
        };
    }

    private String reasoningPrompt(ChoiceRow row) {
        return switch (promptSet) {
            case OWN ->
                "Here is a question with four options. Think it through step by step; then write as the very last line"
                        + " \"ANSWER: X\", where X is one of the letters A, B, C and D.\n\n" + row.text();
            case OPENCOMPASS ->
                "Below is a question with several choices. Close your reply with one line in this form: 'ANSWER:"
                        + " $LETTER' (leave out the quotes), LETTER standing for one of ABCD. Reason step by step before"
                        + " you answer.\n\n" + row.question().strip() + "\n\n" + row.options(") ");
        };
    }

    private String letterPrompt(ChoiceRow row) {
        StringBuilder text = new StringBuilder("The following are multiple choice questions (with answers)");
        if (benchmark.hasSubjects()) {
            text.append(" about ").append(row.subset().replace('_', ' '));
        }
        text.append(".\n\n");
        for (ChoiceRow example : examples.getOrDefault(row.subset(), List.of())) {
            text.append(example.text())
                    .append("\nAnswer: ")
                    .append(example.letter())
                    .append("\n\n");
        }
        return text.append(row.text()).append("\nAnswer:").toString();
    }

    @Override
    public List<Question> questions(ChoiceRow row, Answers answers) {
        return List.of();
    }

    @Override
    public Outcome outcome(ChoiceRow row, Answers answers, Judgements judgements) {
        Optional<Integer> chosen =
                method == Method.COT ? letter(answers.text(KEY)) : Optional.of(mostProbable(answers.logProbs(KEY)));
        Map<String, Double> values = new LinkedHashMap<>();
        double right = Outcome.share(chosen.equals(Optional.of(row.answer())));
        values.put("accuracy", right);
        if (benchmark.hasSubjects()) {
            values.put("accuracy_by_subject", right);
        }
        if (method == Method.COT) {
            values.put("answered", Outcome.share(chosen.isPresent()));
        }
        ObjectNode details = JsonNodeFactory.instance
                .objectNode()
                .put("chosen", chosen.map(ChoiceRow.LETTERS::get).orElse(null))
                .put("answer", row.letter());
        return new Outcome(values, details);
    }

    /** The option that a reasoned reply names. */
    static Optional<Integer> letter(String reply) {
        Matcher matcher = ANSWER.matcher(reply);
        return matcher.find()
                ? Optional.of(ChoiceRow.LETTERS.indexOf(matcher.group(1).toUpperCase(Locale.ROOT)))
                : Optional.empty();
    }

    static int mostProbable(List<Double> logProbs) {
        int best = 0;
        for (int i = 1; i < logProbs.size(); i++) {
            if (logProbs.get(i) > logProbs.get(best)) {
                best = i;
            }
        }
        return best;
    }

    @Override
    public Optional<Guessing> guessing() {
        return Optional.of(new Guessing("accuracy", 1.0 / ChoiceRow.LETTERS.size()));
    }

    @Override
    public String shorter() {
        return shots == 0 ? "" : "fewer examples ({num_fewshot} " + shots + ") make it shorter";
    }

    @Override
    public String target(ChoiceRow row) {
        return row.letter();
    }

    @Override
    public Optional<String> extracted(Outcome outcome) {
        return Optional.ofNullable(outcome.details().path("chosen").textValue());
    }

    @Override
    public List<Measure> measures() {
        List<Measure> measures = new ArrayList<>();
        if (benchmark.hasSubjects()) {
            measures.add(new Measure(
                    "accuracy_by_subject", Mean.MACRO, "unweighted mean over subjects: OpenCompass's score"));
        }
        measures.add(new Measure("accuracy", Mean.POOLED, "right answers over all rows"));
        if (method == Method.COT) {
            measures.add(new Measure("answered", Mean.POOLED, "replies with an answer in the asked form"));
        }
        return measures;
    }
}
