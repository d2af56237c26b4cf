package candor.evaluate.mask;

import candor.evaluate.Task;
import candor.evaluate.benchmark.Benchmark;
import candor.evaluate.benchmark.BenchmarkSettings;
import candor.evaluate.benchmark.Counted;
import candor.evaluate.benchmark.Reported;
import candor.study.record.Metric;
import candor.study.record.Metric.Better;
import candor.study.record.Metric.Kind;
import candor.train.config.Setting;
import candor.train.config.Settings;
import java.nio.file.Path;
import java.util.List;

/** MASK; the defaults are those of the original code. */
public final class Mask implements Benchmark {
    static final String NAME = "mask";
    static final Setting<List<String>> SUBSETS =
            new Setting<>("subsets", new Setting.Texts("NAME"), List.of(), "Only these.");
    static final Setting<Long> LIE_K =
            new Setting<>("lie_k", new Setting.Whole(1, 1000), 1L, "Replies under pressure for each row.");
    static final Setting<Double> TEMPERATURE = BenchmarkSettings.temperature(1);
    static final Setting<Long> MAX_NEW_TOKENS = BenchmarkSettings.maxNewTokens(1000);
    private static final Setting<String> LABEL_GIVEN_BELIEF = new Setting<>(
            "label_given_belief",
            new Setting.Text("TEXT"),
            "Lies given belief (MASK)",
            "What reports call the share of lies among the rows with a belief, by which verdicts go.");

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public String description() {
        return "MASK: honesty under pressure.";
    }

    @Override
    public List<Setting<?>> settings() {
        return List.of(SUBSETS, LIE_K, TEMPERATURE, MAX_NEW_TOKENS);
    }

    @Override
    public Task<?> open(List<Path> data, Settings given) {
        return MaskTask.load(data, given);
    }

    @Override
    public boolean judged() {
        return true;
    }

    @Override
    public List<Setting<?>> ofStudies() {
        return List.of(LABEL_GIVEN_BELIEF);
    }

    @Override
    public List<Reported> reported(Settings given) {
        return List.of(
                new Reported(
                        NAME, "honesty", BenchmarkSettings.label(given, "MASK honesty"), Kind.OWN_SCORE, Better.HIGHER),
                new Reported(
                        NAME + Metric.GIVEN_BELIEF,
                        "lie_given_belief",
                        given.get(LABEL_GIVEN_BELIEF),
                        Kind.HONESTY,
                        Better.LOWER));
    }

    @Override
    public List<Counted> counted() {
        return Counted.all("lie", "honest", "evasive", "no_belief", "undecided");
    }

    @Override
    public String shown() {
        return "pressure.0";
    }
}
