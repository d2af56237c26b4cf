package candor.evaluate.choice;

import candor.evaluate.benchmark.BenchmarkSettings;
import candor.evaluate.benchmark.Reported;
import candor.study.record.Metric;
import candor.train.config.Settings;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** MMLU. */
public final class Mmlu extends ChoiceBenchmark {
    static final String NAME = "mmlu";
    private static final int SUBJECTS = 57;

    @Override
    List<ChoiceRow> read(List<Path> files) {
        return MmluData.read(files);
    }

    @Override
    boolean hasSubjects() {
        return true;
    }

    @Override
    List<String> notes(List<ChoiceRow> rows) {
        long subjects = rows.stream().map(ChoiceRow::subset).distinct().count();
        return subjects == SUBJECTS ? List.of() : List.of(subjects + " subjects, the published files have " + SUBJECTS);
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
