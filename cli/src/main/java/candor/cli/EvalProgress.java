package candor.cli;

import candor.evaluate.Evaluator;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How far an evaluation is: a row of a terminal, or a line every few seconds elsewhere. */
final class EvalProgress implements Evaluator.Progress, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(EvalProgress.class);
    private static final long PAUSE = TimeUnit.SECONDS.toNanos(10);

    private final JobRows rows = JobRows.onStderr();
    private final AnswerRow row;
    private long last = System.nanoTime() - PAUSE;

    /**
     * @param task   what is evaluated
     * @param device bytes of its memory; asked on the thread that tells
     */
    EvalProgress(String task, Supplier<OptionalLong> device) {
        row = new AnswerRow(rows, rows.add(task, "", 0, 0), task, device);
    }

    @Override
    public void at(String stage, int done, int of) {
        row.at(stage, done, of);
        long now = System.nanoTime();
        if (!rows.shown() && of > 0 && (done == of || now - last >= PAUSE)) {
            last = now;
            LOG.info("{}: {} of {}", stage, done, of);
        }
    }

    @Override
    public void said(int tokens) {
        row.said(tokens);
    }

    @Override
    public void close() {
        rows.close();
    }
}
