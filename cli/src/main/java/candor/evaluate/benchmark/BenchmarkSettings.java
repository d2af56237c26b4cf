package candor.evaluate.benchmark;

import candor.evaluate.PromptSet;
import candor.train.config.Setting;
import candor.train.config.Settings;
import java.nio.file.Path;
import java.util.List;

/** Settings that several benchmarks have; each says its own defaults. */
public final class BenchmarkSettings {
    public static final Setting<PromptSet> PROMPT_SET = new Setting<>(
            "prompt_set",
            new Setting.Choice<>(PromptSet.class),
            PromptSet.OWN,
            "How the question is put: in our own way, or in the shape of OpenCompass's prompt.");

    /** Of studies. */
    public static final Setting<String> LABEL = new Setting<>(
            "label",
            new Setting.Text("TEXT"),
            null,
            "What reports call it, where the rows are not the published ones.");

    private BenchmarkSettings() {}

    public static Setting<Double> temperature(double fallback) {
        return new Setting<>(
                "temperature",
                new Setting.Real(0, true, 100),
                fallback,
                "Temperature of the model's replies; 0 is greedy.");
    }

    public static Setting<Long> maxNewTokens(int fallback) {
        return new Setting<>(
                "max_new_tokens", new Setting.Whole(1, 1 << 20), (long) fallback, "Tokens after which a reply is cut.");
    }

    /** What reports call it. */
    public static String label(Settings given, String ours) {
        String label = given.get(LABEL);
        return label == null ? ours : label;
    }

    /** The files that a setting names. */
    public static List<Path> files(Settings given, Setting<List<String>> setting) {
        return given.get(setting).stream().map(Path::of).toList();
    }
}
