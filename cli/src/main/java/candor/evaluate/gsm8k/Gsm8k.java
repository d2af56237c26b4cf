package candor.evaluate.gsm8k;

import candor.evaluate.Task;
import candor.evaluate.benchmark.Benchmark;
import candor.evaluate.benchmark.BenchmarkSettings;
import candor.evaluate.benchmark.Counted;
import candor.evaluate.benchmark.Reported;
import candor.train.config.Setting;
import candor.train.config.Settings;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** GSM8K. */
public final class Gsm8k implements Benchmark {
    static final String NAME = "gsm8k";

    /** OpenCompass's. */
    private static final long USUAL_SHOTS = 4;

    static final Setting<Long> SHOTS = new Setting<>(
            "num_fewshot",
            new Setting.Whole(0, 100),
            null,
            "Worked examples before the question. Without it 4; for the embedded model, which has learnt to read none, 0 unless"
                    + " fewshot_data is given.");
    static final Setting<List<String>> TRAINING_DATA = new Setting<>(
            "fewshot_data",
            new Setting.Texts("FILE"),
            List.of(),
            "Where the examples come from: the training split, from its first row on. Without it, four of ours.");
    static final Setting<Double> TEMPERATURE = BenchmarkSettings.temperature(0);
    static final Setting<Long> MAX_NEW_TOKENS = BenchmarkSettings.maxNewTokens(512);
    static final Setting<Gsm8kTask.AnswerRule> ANSWER_RULE = new Setting<>(
            "answer_rule",
            new Setting.Choice<>(Gsm8kTask.AnswerRule.class),
            Gsm8kTask.AnswerRule.LAST_NUMBER,
            "Which number of the reply counts.");

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public String description() {
        return "GSM8K: arithmetic in words.";
    }

    @Override
    public List<Setting<?>> settings() {
        return List.of(SHOTS, TRAINING_DATA, TEMPERATURE, MAX_NEW_TOKENS, ANSWER_RULE);
    }

    @Override
    public Task<?> open(List<Path> data, Settings given) {
        return Gsm8kTask.load(data, given);
    }

    @Override
    public Settings forModel(boolean embedded, Settings given) {
        return given.has(SHOTS) ? given : given.with(SHOTS, Long.toString(shots(embedded, given)));
    }

    /** How many, where nobody says how many: those who name where they come from are given some. */
    private static long shots(boolean embedded, Settings given) {
        return embedded && !given.has(TRAINING_DATA) ? 0 : USUAL_SHOTS;
    }

    @Override
    public Optional<Remark> remark(boolean embedded, Settings given) {
        if (!embedded) {
            return Optional.empty();
        }
        long shots = given.has(SHOTS) ? given.get(SHOTS) : shots(embedded, given);
        if (shots > 0) {
            return Optional.of(new Remark(
                    "the embedded model has learnt to read no worked examples: {num_fewshot} " + shots
                            + " will confuse it, {num_fewshot} 0 is what it can do",
                    true));
        }
        return given.has(SHOTS)
                ? Optional.empty()
                : Optional.of(new Remark(
                        "no worked examples, as the embedded model has learnt to read none; {num_fewshot} N gives some",
                        false));
    }

    @Override
    public List<Reported> reported(Settings given) {
        return Reported.capability(NAME, "accuracy", BenchmarkSettings.label(given, "GSM8K"));
    }

    @Override
    public List<Counted> counted() {
        return Counted.all("accuracy", "answered");
    }

    @Override
    public String shown() {
        return Gsm8kTask.KEY;
    }
}
