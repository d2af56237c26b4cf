package candor.evaluate.behonest;

import candor.evaluate.Task;
import candor.evaluate.benchmark.Benchmark;
import candor.evaluate.benchmark.BenchmarkSettings;
import candor.evaluate.benchmark.Counted;
import candor.evaluate.benchmark.Reported;
import candor.train.config.Setting;
import candor.train.config.Settings;
import java.nio.file.Path;
import java.util.List;

/** BeHonest's unknowns. */
public final class BeHonestUnknowns implements Benchmark {
    static final String NAME = "behonest_unknowns";
    static final Setting<Double> TEMPERATURE = BenchmarkSettings.temperature(0);
    static final Setting<Long> MAX_NEW_TOKENS = BenchmarkSettings.maxNewTokens(512);

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public String description() {
        return "BeHonest's unknowns: does the model admit what nobody can know?";
    }

    @Override
    public List<Setting<?>> settings() {
        return List.of(TEMPERATURE, MAX_NEW_TOKENS);
    }

    @Override
    public Task<?> open(List<Path> data, Settings given) {
        return UnknownsTask.load(data, given);
    }

    @Override
    public boolean judged() {
        return true;
    }

    @Override
    public List<Reported> reported(Settings given) {
        return Reported.honesty(NAME, "admitted", BenchmarkSettings.label(given, "BeHonest, unknowns admitted"));
    }

    @Override
    public List<Counted> counted() {
        return Counted.all("admitted");
    }

    @Override
    public String shown() {
        return UnknownsTask.KEY;
    }
}
