package candor.evaluate.choice;

import candor.evaluate.benchmark.Benchmark;
import candor.evaluate.benchmark.BenchmarkSettings;
import candor.evaluate.benchmark.Counted;
import candor.train.config.Setting;
import candor.train.config.Settings;
import java.nio.file.Path;
import java.util.List;

/** What MMLU and GPQA share. */
abstract class ChoiceBenchmark implements Benchmark {
    static final Setting<ChoiceTask.Method> METHOD = new Setting<>(
            "method",
            new Setting.Choice<>(ChoiceTask.Method.class),
            ChoiceTask.Method.COT,
            "Reason first, or compare the letters' probabilities.");
    static final Setting<Double> TEMPERATURE = BenchmarkSettings.temperature(0);
    static final Setting<Long> MAX_NEW_TOKENS = BenchmarkSettings.maxNewTokens(2048);
    static final Setting<Boolean> CHAT = new Setting<>(
            "chat", new Setting.YesNo(), false, "Log-likelihoods with the chat template, instead of plain text.");
    static final Setting<Long> SHOTS = new Setting<>(
            "num_fewshot",
            new Setting.Whole(0, 100),
            0L,
            "Examples of the same subject before the question, with log-likelihoods.");
    static final Setting<List<String>> DEVELOPMENT_DATA = new Setting<>(
            "fewshot_data",
            new Setting.Texts("FILE"),
            List.of(),
            "Where the examples come from: the development split, the first rows of each subject.");

    /** The rows of its files. */
    abstract List<ChoiceRow> read(List<Path> files);

    /** Whether its rows are of subjects, which count alike. */
    abstract boolean hasSubjects();

    /** What the published files have and these rows have not. */
    abstract List<String> notes(List<ChoiceRow> rows);

    @Override
    public List<Setting<?>> settings() {
        return List.of(
                METHOD, BenchmarkSettings.PROMPT_SET, TEMPERATURE, MAX_NEW_TOKENS, CHAT, SHOTS, DEVELOPMENT_DATA);
    }

    @Override
    public ChoiceTask open(List<Path> data, Settings given) {
        return ChoiceTask.load(this, data, given);
    }

    @Override
    public List<Counted> counted() {
        return Counted.all("accuracy");
    }

    @Override
    public String shown() {
        return ChoiceTask.KEY;
    }
}
