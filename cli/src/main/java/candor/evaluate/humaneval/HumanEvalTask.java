package candor.evaluate.humaneval;

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
import candor.evaluate.humaneval.Sandbox.Result;
import candor.evaluate.judge.Judgements;
import candor.evaluate.judge.Question;
import candor.stats.Mean;
import candor.train.config.Settings;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** HumanEval: zero-shot, first code block, tests in a sandbox, pass@1. */
public final class HumanEvalTask implements Task<HumanEvalTask.Problem> {
    private static final int PUBLISHED_ROWS = 164;
    static final String KEY = "code";
    private static final Pattern BLOCK = Pattern.compile("```[^\\n]*\\n(.*?)(?:```|\\z)", Pattern.DOTALL);
    private static final Pattern NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");

    /** OpenCompass's: words alone behind the opening fence, and a closing one. */
    private static final Pattern CLOSED_BLOCK = Pattern.compile("```\\w*\\n(.*?)```", Pattern.DOTALL);

    /** Which part of a reply is the code. */
    public enum CodeRule {
        /** The first fenced block, to its end or to that of the reply; the whole reply where there is none. */
        FIRST_BLOCK {
            @Override
            String code(String reply) {
                Matcher matcher = BLOCK.matcher(reply);
                return matcher.find() ? matcher.group(1) : reply;
            }
        },
        /**
         * OpenCompass's: the first fenced block that is closed, or the whole reply where there is none, without the white space that it
         * begins with. A reply of a function's body alone loses the indent of its first line, and fails.
         */
        OPENCOMPASS {
            @Override
            String code(String reply) {
                Matcher matcher = CLOSED_BLOCK.matcher(reply);
                return (matcher.find() ? matcher.group(1) : reply).stripLeading();
            }
        };

        abstract String code(String reply);
    }

    /** A function to write, with its tests. */
    public record Problem(String id, String prompt, String test, String entryPoint, DataRow data) implements Task.Row {
        @Override
        public String subset() {
            return "all";
        }
    }

    private final List<Problem> rows;
    private final Settings settings;
    private final Sandbox sandbox;

    private HumanEvalTask(List<Problem> rows, Settings settings, Sandbox sandbox) {
        this.rows = rows;
        this.settings = settings;
        this.sandbox = sandbox;
    }

    /**
     * Reads the data.
     *
     * @param settings values of {@link HumanEval}'s
     */
    public static HumanEvalTask load(List<Path> files, Settings settings, Sandbox sandbox) {
        Set<String> ids = new HashSet<>();
        List<Problem> rows = Table.read(files, List.of("task_id", "prompt", "test", "entry_point")).stream()
                .map(row -> {
                    String entryPoint = row.text("entry_point");
                    if (!NAME.matcher(entryPoint).matches()) {
                        throw row.bad("entry_point is not the name of a function");
                    }
                    String id = row.text("task_id");
                    if (!ids.add(id)) {
                        throw row.bad("the task_id " + id + " appears a second time");
                    }
                    return new Problem(id, row.text("prompt"), row.text("test"), entryPoint, row);
                })
                .toList();
        return new HumanEvalTask(rows, settings, sandbox);
    }

    @Override
    public String name() {
        return HumanEval.NAME;
    }

    @Override
    public String version() {
        return "1";
    }

    @Override
    public List<Problem> rows() {
        return rows;
    }

    @Override
    public List<String> notes() {
        return rows.size() == PUBLISHED_ROWS
                ? List.of()
                : List.of(rows.size() + " rows, the published file has " + PUBLISHED_ROWS);
    }

    @Override
    public ObjectNode settings() {
        return new HumanEval().chosen(settings).put("sandbox", sandbox.kind());
    }

    @Override
    public List<Ask> asks(Problem row) {
        return List.of(new Ask.Generate(
                KEY,
                Prompt.Chat.of("", Turn.user(text(row))),
                new Sampling(
                        settings.get(HumanEval.TEMPERATURE),
                        1,
                        settings.get(HumanEval.MAX_NEW_TOKENS).intValue(),
                        0)));
    }

    private String text(Problem row) {
        return switch (settings.get(BenchmarkSettings.PROMPT_SET)) {
            case OWN ->
                "Implement the function below. Reply with its code alone, in one fenced block.\n\n```python\n"
                        + row.prompt().stripTrailing() + "\n```";
            case OPENCOMPASS ->
                "Below are the signature and the docstring of a function. Write the function they describe, in full;"
                        + " reply with the code of this function and nothing else.\n" + row.prompt();
        };
    }

    @Override
    public List<Question> questions(Problem row, Answers answers) {
        return List.of();
    }

    @Override
    public Outcome outcome(Problem row, Answers answers, Judgements judgements) {
        String code = settings.get(HumanEval.CODE_RULE).code(answers.text(KEY));
        Result result = sandbox.run(program(row, code));
        ObjectNode details = JsonNodeFactory.instance
                .objectNode()
                .put("code", code)
                .put("passed", result.passed())
                .put("result", result.reason());
        return new Outcome(Map.of("pass_at_1", Outcome.share(result.passed())), details);
    }

    /**
     * Prompt, code, tests. The prompt ends inside a function that has only its docstring so far: code that goes on with the
     * body completes it, code that defines the function anew replaces it and keeps the prompt's imports.
     */
    static String program(Problem row, String code) {
        return row.prompt().stripTrailing() + "\n" + code + "\n\n" + row.test() + "\n\ncheck(" + row.entryPoint()
                + ")\n";
    }

    @Override
    public Optional<Guessing> guessing() {
        return Optional.of(new Guessing("pass_at_1", 0));
    }

    @Override
    public String target(Problem row) {
        return row.data().optional("canonical_solution").orElse("");
    }

    @Override
    public Optional<String> extracted(Outcome outcome) {
        return Optional.ofNullable(outcome.details().path("code").textValue());
    }

    @Override
    public List<Measure> measures() {
        return List.of(new Measure("pass_at_1", Mean.POOLED, "replies whose code passes the tests"));
    }
}
