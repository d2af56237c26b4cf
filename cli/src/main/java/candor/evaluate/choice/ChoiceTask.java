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
import candor.evaluate.judge.Judgements;
import candor.evaluate.judge.Question;
import candor.stats.Mean;
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
    private static final String ANSWER_KEY = "answer";

    /** How the model's choice is found. */
    public enum Method {
        /** A reply that reasons and ends in "ANSWER: letter"; the first such letter counts. */
        COT,
        /** The most probable of " A" … " D" behind "Answer:"; of equals the first. */
        LOG_LIKELIHOOD
    }

    /** The benchmarks of this shape. */
    public enum Benchmark {
        MMLU(57),
        GPQA(0);

        private final int subjects;

        Benchmark(int subjects) {
            this.subjects = subjects;
        }

        private List<ChoiceRow> read(List<Path> files) {
            return this == MMLU ? MmluData.read(files) : GpqaData.read(files);
        }
    }

    /**
     * What can be set.
     *
     * @param promptSet how a reasoned reply is asked for; log-likelihoods have one form
     * @param chat whether log-likelihoods are of an assistant's turn in a chat, instead of plain text
     * @param shots examples of the same subject before the question (log-likelihood alone)
     */
    public record Settings(
            Method method, PromptSet promptSet, double temperature, int maxNewTokens, boolean chat, int shots) {
        /** Where a reasoned reply is cut, if nobody says. */
        public static final int MAX_NEW_TOKENS = 2048;

        public Settings {
            if (shots < 0) {
                throw new BadInput("--num-fewshot " + shots + ": must not be negative");
            }
            if (shots > 0 && method == Method.COT) {
                throw new BadInput(
                        "--num-fewshot goes with --method log-likelihood; chain of thought is zero-shot here");
            }
        }
    }

    private final Benchmark benchmark;
    private final Settings settings;
    private final List<ChoiceRow> rows;
    private final Map<String, List<ChoiceRow>> examples;
    private final List<String> notes;

    private ChoiceTask(
            Benchmark benchmark, Settings settings, List<ChoiceRow> rows, Map<String, List<ChoiceRow>> examples) {
        this.benchmark = benchmark;
        this.settings = settings;
        this.rows = rows;
        this.examples = examples;
        this.notes = notes(benchmark, rows);
    }

    /**
     * Reads the data.
     *
     * @param devFiles rows that serve as examples, the first of each subject; needed where shots are asked for
     */
    public static ChoiceTask load(Benchmark benchmark, List<Path> files, List<Path> devFiles, Settings settings) {
        List<ChoiceRow> rows = benchmark.read(files);
        Map<String, List<ChoiceRow>> examples = new TreeMap<>();
        if (settings.shots() > 0) {
            if (devFiles.isEmpty()) {
                throw new BadInput(
                        "--num-fewshot " + settings.shots() + " needs --fewshot-data, the development split");
            }
            for (ChoiceRow row : benchmark.read(devFiles)) {
                List<ChoiceRow> ofSubject = examples.computeIfAbsent(row.subset(), name -> new ArrayList<>());
                if (ofSubject.size() < settings.shots()) {
                    ofSubject.add(row);
                }
            }
            for (ChoiceRow row : rows) {
                int found = examples.getOrDefault(row.subset(), List.of()).size();
                if (found < settings.shots()) {
                    throw new BadInput("--fewshot-data has " + found + " rows of " + row.subset() + ", expected "
                            + settings.shots() + "; give more or lower --num-fewshot");
                }
            }
        }
        return new ChoiceTask(benchmark, settings, rows, examples);
    }

    private static List<String> notes(Benchmark benchmark, List<ChoiceRow> rows) {
        long subsets = rows.stream().map(ChoiceRow::subset).distinct().count();
        if (benchmark == Benchmark.MMLU && subsets != benchmark.subjects) {
            return List.of(subsets + " subjects, the published files have " + benchmark.subjects);
        }
        if (benchmark == Benchmark.GPQA && rows.size() != 198) {
            return List.of(rows.size() + " rows, the published diamond file has 198");
        }
        return List.of();
    }

    @Override
    public String name() {
        return benchmark.name().toLowerCase(Locale.ROOT);
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
        return notes;
    }

    @Override
    public ObjectNode settings() {
        return JsonNodeFactory.instance
                .objectNode()
                .put("method", settings.method().name())
                .put("prompt_set", settings.promptSet().name())
                .put("temperature", settings.temperature())
                .put("max_new_tokens", settings.maxNewTokens())
                .put("chat", settings.chat())
                .put("num_fewshot", settings.shots());
    }

    @Override
    public List<Ask> asks(ChoiceRow row) {
        return switch (settings.method()) {
            case COT ->
                List.of(new Ask.Generate(
                        ANSWER_KEY,
                        Prompt.Chat.of("", Turn.user(reasoningPrompt(row))),
                        new Sampling(settings.temperature(), 1, settings.maxNewTokens(), 0)));
            case LOG_LIKELIHOOD ->
                List.of(new Ask.Score(
                        ANSWER_KEY,
                        settings.chat()
                                ? Prompt.Chat.of("", Turn.user(letterPrompt(row)))
                                : new Prompt.Text(letterPrompt(row)),
                        ChoiceRow.LETTERS.stream()
                                .map(letter -> settings.chat() ? letter : " " + letter)
                                .toList()));
        };
    }

    private String reasoningPrompt(ChoiceRow row) {
        return switch (settings.promptSet()) {
            case OWN ->
                "Here is a question with four options. Think it through step by step; then write as the very last line"
                        + " \"ANSWER: X\", where X is one of the letters A, B, C and D.\n\n" + row.text();
            case OPENCOMPASS ->
                "Below is a question with several choices. Close your reply with one line in this form: 'ANSWER: $LETTER'"
                        + " (leave out the quotes), LETTER standing for one of ABCD. Reason step by step before you"
                        + " answer.\n\n" + row.question().strip() + "\n\n" + row.options(") ");
        };
    }

    private String letterPrompt(ChoiceRow row) {
        StringBuilder text = new StringBuilder("The following are multiple choice questions (with answers)");
        if (benchmark == Benchmark.MMLU) {
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
        Optional<Integer> chosen = settings.method() == Method.COT
                ? letter(answers.text(ANSWER_KEY))
                : Optional.of(mostProbable(answers.logProbs(ANSWER_KEY)));
        Map<String, Double> values = new LinkedHashMap<>();
        double right = Outcome.share(chosen.equals(Optional.of(row.answer())));
        values.put("accuracy", right);
        if (benchmark == Benchmark.MMLU) {
            values.put("accuracy_by_subject", right);
        }
        if (settings.method() == Method.COT) {
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
        return settings.shots() == 0 ? "" : "fewer examples (--num-fewshot " + settings.shots() + ") make it shorter";
    }

    @Override
    public List<Measure> measures() {
        List<Measure> measures = new ArrayList<>();
        if (benchmark == Benchmark.MMLU) {
            measures.add(new Measure(
                    "accuracy_by_subject", Mean.MACRO, "unweighted mean over subjects: OpenCompass's score"));
        }
        measures.add(new Measure("accuracy", Mean.POOLED, "right answers over all rows"));
        if (settings.method() == Method.COT) {
            measures.add(new Measure("answered", Mean.POOLED, "replies with an answer in the asked form"));
        }
        return measures;
    }
}
