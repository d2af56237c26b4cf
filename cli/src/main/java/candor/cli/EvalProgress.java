package candor.cli;

import candor.evaluate.Evaluator;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How far an evaluation is, a line every few seconds. */
final class EvalProgress {
    private static final Logger LOG = LoggerFactory.getLogger(EvalProgress.class);
    private static final long PAUSE = TimeUnit.SECONDS.toNanos(10);

    private EvalProgress() {}

    static Evaluator.Progress logging() {
        long[] last = {System.nanoTime() - PAUSE};
        return (stage, done, of) -> {
            long now = System.nanoTime();
            if (of > 0 && (done == of || now - last[0] >= PAUSE)) {
                last[0] = now;
                LOG.info("{}: {} of {}", stage, done, of);
            }
        };
    }
}
