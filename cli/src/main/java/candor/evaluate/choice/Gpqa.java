package candor.evaluate.choice;

import candor.evaluate.benchmark.BenchmarkSettings;
import candor.evaluate.benchmark.Reported;
import candor.train.config.Settings;
import java.util.List;

/** GPQA. */
public final class Gpqa extends ChoiceBenchmark {
    static final String NAME = "gpqa";

    public Gpqa() {
        super(ChoiceTask.Form.GPQA);
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public String description() {
        return "GPQA: multiple choice by experts.";
    }

    @Override
    public List<Reported> reported(Settings given) {
        return Reported.capability(NAME, "accuracy", BenchmarkSettings.label(given, "GPQA"));
    }
}
