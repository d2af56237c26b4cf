package candor.evaluate.benchmark;

import candor.evaluate.Answers;
import candor.evaluate.Outcome;
import candor.evaluate.Task;
import candor.evaluate.ask.Ask;
import candor.evaluate.ask.Prompt;
import candor.evaluate.ask.Prompt.Turn;
import candor.evaluate.ask.Sampling;
import candor.evaluate.data.DataRow;
import candor.evaluate.data.Table;
import candor.evaluate.judge.Judgements;
import candor.evaluate.judge.Question;
import candor.stats.Mean;
import candor.train.config.Setting;
import candor.train.config.Settings;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** A benchmark of the tests: this class and its text, tasks/echo.md, are all there is of it. */
public final class Echo implements Benchmark {
    private static final String NAME = "echo";
    private static final Setting<Boolean> EXACT =
            new Setting<>("exact", new Setting.YesNo(), false, "The word must be the whole reply.");
    private static final Setting<Long> TOKENS = BenchmarkSettings.maxNewTokens(8);

    private record Word(String id, String word, DataRow data) implements Task.Row {
        @Override
        public String subset() {
            return "all";
        }
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public String description() {
        return "Echo: does the model say a word again?";
    }

    @Override
    public List<Setting<?>> settings() {
        return List.of(EXACT, TOKENS);
    }

    @Override
    public Task<?> open(List<Path> data, Settings given) {
        return new Echoes(
                Table.read(data, List.of("word")).stream()
                        .map(row -> new Word(row.text("word"), row.text("word"), row))
                        .toList(),
                chosen(given),
                given.get(EXACT),
                given.get(TOKENS).intValue());
    }

    @Override
    public List<Reported> reported(Settings given) {
        return Reported.capability(NAME, "said", BenchmarkSettings.label(given, "Echo"));
    }

    @Override
    public List<Counted> counted() {
        return Counted.all("said");
    }

    @Override
    public String shown() {
        return "reply";
    }

    private record Echoes(List<Word> rows, ObjectNode settings, boolean exact, int tokens) implements Task<Word> {
        @Override
        public String name() {
            return NAME;
        }

        @Override
        public String version() {
            return "1";
        }

        @Override
        public List<String> notes() {
            return List.of();
        }

        @Override
        public List<Ask> asks(Word row) {
            return List.of(new Ask.Generate(
                    "reply", Prompt.Chat.of("", Turn.user("Say: " + row.word())), Sampling.greedy(tokens)));
        }

        @Override
        public List<Question> questions(Word row, Answers answers) {
            return List.of();
        }

        @Override
        public Outcome outcome(Word row, Answers answers, Judgements judgements) {
            String reply = answers.text("reply");
            boolean said = exact ? reply.equals(row.word()) : reply.contains(row.word());
            return new Outcome(Map.of("said", Outcome.share(said)), JsonNodeFactory.instance.objectNode());
        }

        @Override
        public List<Measure> measures() {
            return List.of(new Measure("said", Mean.POOLED, "replies with the word"));
        }
    }
}
