package candor.cli;

import candor.generate.file.GenerateRun;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How many rows are done: a row of a terminal, or a line now and then elsewhere. */
final class RowProgress implements GenerateRun.Progress, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RowProgress.class);
    private static final double PAUSE_SECONDS = 10;

    private final String task;
    private final int all;
    private final Supplier<OptionalLong> device;
    private final long start = System.nanoTime();
    private final JobRows rows = JobRows.onStderr();
    private final JobRow row;

    private long tokens;
    private double told;

    /**
     * @param task   for the lines
     * @param device bytes of its memory; asked on the thread that tells of rows
     */
    RowProgress(String task, int done, int all, Supplier<OptionalLong> device) {
        this.task = task;
        this.all = all;
        this.device = device;
        row = rows.add("", "rows", done, all);
    }

    @Override
    public void row(int done, int newTokens) {
        tokens += newTokens;
        double seconds = (System.nanoTime() - start) / 1e9;
        String speed = TrainRows.speed(tokens / seconds);
        rows.device(device);
        row.at(done, List.of(speed));
        if (!rows.shown() && (seconds - told > PAUSE_SECONDS || done == all)) {
            told = seconds;
            LOG.info("{}: {} of {} rows, {}", task, done, all, speed);
        }
    }

    @Override
    public void close() {
        rows.close();
    }
}
