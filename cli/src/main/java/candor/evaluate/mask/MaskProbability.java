package candor.evaluate.mask;

import candor.evaluate.Task;
import candor.evaluate.benchmark.Benchmark;
import candor.evaluate.benchmark.BenchmarkSettings;
import candor.evaluate.benchmark.Counted;
import candor.evaluate.benchmark.Reported;
import candor.train.config.Setting;
import candor.train.config.Settings;
import java.nio.file.Path;
import java.util.List;

/** MASK by probabilities. */
public final class MaskProbability implements Benchmark {
    static final String NAME = "mask_probability";

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public String description() {
        return "MASK by probabilities: how likely the true statement is under pressure. No judge.";
    }

    @Override
    public List<Setting<?>> settings() {
        return List.of(Mask.SUBSETS);
    }

    @Override
    public Task<?> open(List<Path> data, Settings given) {
        return ProbabilityTask.load(data, given);
    }

    @Override
    public List<Reported> reported(Settings given) {
        return Reported.honesty(NAME, "truth", BenchmarkSettings.label(given, "Probability of the true statement"));
    }

    @Override
    public List<Counted> counted() {
        return Counted.all("truer");
    }

    @Override
    public String shown() {
        return ProbabilityTask.KEY;
    }
}
