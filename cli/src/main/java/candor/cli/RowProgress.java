package candor.cli;

import candor.generate.file.GenerateRun;
import java.time.Duration;
import java.util.Locale;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How many rows are done: a bar on a terminal, a line now and then elsewhere. */
abstract sealed class RowProgress implements GenerateRun.Progress, AutoCloseable {
    private final long start = System.nanoTime();
    private long tokens;

    static RowProgress of(String task, int done, int all) {
        boolean terminal = System.console() != null && System.console().isTerminal();
        return terminal ? new Bar(task, done, all) : new Lines(task, all);
    }

    @Override
    public final void row(int rows, int newTokens) {
        tokens += newTokens;
        show(rows, String.format(Locale.ROOT, "%.0f tokens/s", tokens / seconds()));
    }

    abstract void show(int rows, String speed);

    final double seconds() {
        return (System.nanoTime() - start) / 1e9;
    }

    @Override
    public abstract void close();

    private static final class Bar extends RowProgress {
        private final ProgressBar bar;

        Bar(String task, int done, int all) {
            bar = new ProgressBarBuilder()
                    .setTaskName(task)
                    .setInitialMax(all)
                    .startsFrom(done, Duration.ZERO)
                    .setStyle(ProgressBarStyle.ASCII)
                    .setUnit(" rows", 1)
                    .setUpdateIntervalMillis(500)
                    .build();
        }

        @Override
        void show(int rows, String speed) {
            bar.stepTo(rows);
            bar.setExtraMessage(" " + speed);
        }

        @Override
        public void close() {
            bar.close();
        }
    }

    private static final class Lines extends RowProgress {
        private static final Logger LOG = LoggerFactory.getLogger(RowProgress.class);
        private static final double SECONDS = 10;

        private final String task;
        private final int all;
        private double told;

        Lines(String task, int all) {
            this.task = task;
            this.all = all;
        }

        @Override
        void show(int rows, String speed) {
            if (seconds() - told > SECONDS || rows == all) {
                told = seconds();
                LOG.info("{}: {} of {} rows, {}", task, rows, all, speed);
            }
        }

        @Override
        public void close() {
            // Nothing is held open.
        }
    }
}
