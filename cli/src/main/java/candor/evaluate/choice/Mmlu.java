package candor.evaluate.choice;

import candor.evaluate.benchmark.BenchmarkSettings;
import candor.evaluate.benchmark.Reported;
import candor.study.record.Metric;
import candor.train.config.Settings;
import java.util.List;
import java.util.stream.Stream;

/** MMLU. */
public final class Mmlu extends ChoiceBenchmark {
    static final String NAME = "mmlu";

    public Mmlu() {
        super(ChoiceTask.Form.MMLU);
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public String description() {
        return "MMLU: multiple choice over 57 subjects.";
    }

    @Override
    public List<Reported> reported(Settings given) {
        String label = BenchmarkSettings.label(given, "MMLU");
        return Stream.of(
                        Reported.capability(NAME, "accuracy_by_subject", label),
                        Reported.capability(NAME + Metric.POOLED, "accuracy", label + ", pooled over questions"))
                .flatMap(List::stream)
                .toList();
    }
}
