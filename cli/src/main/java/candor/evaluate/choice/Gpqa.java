package candor.evaluate.choice;

import candor.evaluate.benchmark.BenchmarkSettings;
import candor.evaluate.benchmark.Reported;
import candor.train.config.Settings;
import java.nio.file.Path;
import java.util.List;

/** GPQA. */
public final class Gpqa extends ChoiceBenchmark {
    static final String NAME = "gpqa";
    private static final int ROWS = 198;

    @Override
    List<ChoiceRow> read(List<Path> files) {
        return GpqaData.read(files);
    }

    @Override
    boolean hasSubjects() {
        return false;
    }

    @Override
    List<String> notes(List<ChoiceRow> rows) {
        return rows.size() == ROWS ? List.of() : List.of(rows.size() + " rows, the published diamond file has " + ROWS);
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
