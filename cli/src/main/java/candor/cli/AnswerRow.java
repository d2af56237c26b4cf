package candor.cli;

import java.util.List;
import java.util.OptionalLong;
import java.util.function.Supplier;

/** A row for work that goes from stage to stage, and in some of them has a model speak. */
final class AnswerRow {
    private final JobRows rows;
    private final JobRow row;
    private final String name;
    private final Supplier<OptionalLong> device;
    private String stage = "";
    private long start;
    private long tokens;

    /**
     * @param name   of the work; may be empty
     * @param device bytes of its memory; asked on the thread that tells
     */
    AnswerRow(JobRows rows, JobRow row, String name, Supplier<OptionalLong> device) {
        this.rows = rows;
        this.row = row;
        this.name = name;
        this.device = device;
    }

    /** So many of so many of a stage are done. */
    void at(String now, long done, long all) {
        if (!now.equals(stage) || done == 0) {
            stage = now;
            tokens = 0;
            start = System.nanoTime();
            row.begin(name.isEmpty() ? now : name + ", " + now, "", done, all);
        }
        rows.device(device);
        row.at(done, numbers());
    }

    /** A model has said so many tokens. */
    void said(int more) {
        tokens += more;
    }

    private List<String> numbers() {
        double seconds = (System.nanoTime() - start) / 1e9;
        return tokens == 0 ? List.of() : List.of(TrainRows.speed(tokens / Math.max(1e-3, seconds)));
    }
}
