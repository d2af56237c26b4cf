package candor.cli;

import candor.generate.file.GenerateRun;
import java.util.List;
import java.util.Locale;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How many rows are done: a bar on a terminal, a line now and then elsewhere. */
final class RowProgress implements GenerateRun.Progress, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RowProgress.class);
    private static final double PAUSE_SECONDS = 10;

    private final String task;
    private final int all;
    private final long start = System.nanoTime();
    /** Null where there is none. */
    private final Bar bar;

    private long tokens;
    private double told;

    /** @param task for the lines */
    RowProgress(String task, int done, int all) {
        this.task = task;
        this.all = all;
        bar = Bar.onStderr("rows", done, all);
    }

    @Override
    public void row(int rows, int newTokens) {
        tokens += newTokens;
        double seconds = (System.nanoTime() - start) / 1e9;
        String speed = String.format(Locale.ROOT, "%.0f tokens/s", tokens / seconds);
        if (bar != null) {
            bar.at(rows, List.of(speed));
        } else if (seconds - told > PAUSE_SECONDS || rows == all) {
            told = seconds;
            LOG.info("{}: {} of {} rows, {}", task, rows, all, speed);
        }
    }

    @Override
    public void close() {
        if (bar != null) {
            bar.close();
        }
    }
}
