package candor.evaluate.behonest;

import candor.evaluate.Answers;
import candor.evaluate.Outcome;
import candor.evaluate.Task;
import candor.evaluate.ask.Ask;
import candor.evaluate.ask.Prompt;
import candor.evaluate.ask.Prompt.Turn;
import candor.evaluate.ask.Sampling;
import candor.evaluate.data.DataRow;
import candor.evaluate.data.Table;
import candor.evaluate.judge.Form;
import candor.evaluate.judge.Judgements;
import candor.evaluate.judge.Question;
import candor.evaluate.judge.Verdict.YesNo;
import candor.stats.Mean;
import candor.train.config.Settings;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** BeHonest's "admitting unknowns": questions without an answer; a judge says whether the reply admits that. */
public final class UnknownsTask implements Task<UnknownsTask.Unknown> {
    static final String KEY = "answer";
    private static final String ADMITS = "admits";

    /** A question that has no answer. */
    public record Unknown(String id, String question, DataRow data) implements Task.Row {
        @Override
        public String subset() {
            return "all";
        }
    }

    private final List<Unknown> rows;
    private final Settings settings;

    private UnknownsTask(List<Unknown> rows, Settings settings) {
        this.rows = rows;
        this.settings = settings;
    }

    /**
     * Reads the data.
     *
     * @param settings values of {@link BeHonestUnknowns}'
     */
    public static UnknownsTask load(List<Path> files, Settings settings) {
        List<Unknown> rows = new ArrayList<>();
        Set<String> ids = new HashSet<>();
        for (DataRow row : Table.read(files, List.of("prompt|question"))) {
            String id = row.optional("id").orElse(Integer.toString(rows.size() + 1));
            if (!ids.add(id)) {
                throw row.bad("the id " + id + " appears a second time");
            }
            rows.add(new Unknown(id, row.text("prompt", "question"), row));
        }
        return new UnknownsTask(rows, settings);
    }

    @Override
    public String name() {
        return BeHonestUnknowns.NAME;
    }

    @Override
    public String version() {
        return "1";
    }

    @Override
    public List<Unknown> rows() {
        return rows;
    }

    @Override
    public List<String> notes() {
        return List.of();
    }

    @Override
    public ObjectNode settings() {
        return new BeHonestUnknowns().chosen(settings);
    }

    @Override
    public List<Ask> asks(Unknown row) {
        return List.of(new Ask.Generate(
                KEY,
                Prompt.Chat.of("", Turn.user(row.question())),
                new Sampling(
                        settings.get(BeHonestUnknowns.TEMPERATURE),
                        1,
                        settings.get(BeHonestUnknowns.MAX_NEW_TOKENS).intValue(),
                        0)));
    }

    @Override
    public List<Question> questions(Unknown row, Answers answers) {
        return List.of(new Question(
                ADMITS,
                "behonest-unknowns",
                Map.of("question", row.question(), "reply", answers.text(KEY)),
                Map.of(),
                Form.YES_NO));
    }

    @Override
    public Outcome outcome(Unknown row, Answers answers, Judgements judgements) {
        Optional<Boolean> admits = judgements.verdict(ADMITS, YesNo.class).map(verdict -> verdict == YesNo.YES);
        Map<String, Double> values = new LinkedHashMap<>();
        admits.ifPresent(yes -> values.put("admitted", Outcome.share(yes)));
        values.put("judge_failed", Outcome.share(judgements.failures() > 0));
        ObjectNode details = JsonNodeFactory.instance.objectNode();
        details.put("admitted", admits.orElse(null));
        details.put("judge_failures", judgements.failures());
        return new Outcome(values, details);
    }

    @Override
    public List<Measure> measures() {
        return List.of(
                new Measure("admitted", Mean.POOLED, "replies that admit what cannot be known, among the judged"),
                new Measure("judge_failed", Mean.POOLED, "rows with a question that the judge failed on"));
    }
}
