package candor.cli;

import candor.train.Outcome;
import candor.train.Run;
import candor.train.Session;
import candor.train.TrainListener;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How training goes, for a person: a bar on a terminal, a line every so many steps elsewhere. */
abstract sealed class Progress implements TrainListener, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Progress.class);

    static Progress forTerminal(Session session) {
        boolean terminal = System.console() != null && System.console().isTerminal();
        return terminal ? new Bar(session) : new Lines();
    }

    @Override
    public abstract void close();

    @Override
    public void checkpoint(Run run) {
        LOG.debug("{}: checkpoint of step {}", run.config().output(), run.step());
    }

    /** "loss 1.2345, 512 tok/s, 310 MiB": short, so that it stands beside a bar in 80 columns. */
    private static String numbers(Map<String, Number> metrics) {
        String text = String.format(
                Locale.ROOT,
                "loss %.4f, %,.0f tok/s, %,d MiB",
                metrics.get("loss").doubleValue(),
                metrics.get("tokens_per_s").doubleValue(),
                ProcessMemory.resident() >> 20);
        Number held = metrics.get("eval_loss");
        return held == null ? text : text + String.format(Locale.ROOT, ", eval loss %.4f", held.doubleValue());
    }

    private static String end(Run run, Outcome outcome) {
        return run.config().output() + ": "
                + switch (outcome) {
                    case Outcome.Done done ->
                        "done after " + done.step() + " steps"
                                + (done.early() ? ", stopped early: evaluations became no better" : "")
                                + (done.written() == done.step()
                                        ? ""
                                        : ", with the weights of step " + done.written() + ", the best evaluation");
                    case Outcome.Interrupted interrupted ->
                        "interrupted; checkpoint step-" + interrupted.step() + " is written, go on with --resume";
                    case Outcome.Diverged diverged -> "stopped after " + diverged.step() + " steps";
                };
    }

    /** For files and pipes. */
    private static final class Lines extends Progress {
        private long start;

        @Override
        public void started(Run run) {
            start = System.nanoTime();
            LOG.info("{}: step {} of {}", run.config().output(), run.step(), run.totalSteps());
        }

        @Override
        public void step(Run run, Map<String, Number> metrics) {
            if (run.step() % run.config().watch().loggingSteps() == 0 || metrics.containsKey("eval_loss")) {
                long seconds = (System.nanoTime() - start) / 1_000_000_000L;
                LOG.info(
                        "{}: step {} of {}, {}, {} s so far",
                        run.config().output(),
                        run.step(),
                        run.totalSteps(),
                        numbers(metrics),
                        seconds);
            }
        }

        @Override
        public void ended(Run run, Outcome outcome) {
            LOG.info(end(run, outcome));
        }

        @Override
        public void close() {
            // Nothing is held open.
        }
    }

    /** One bar over the steps of all runs. */
    private static final class Bar extends Progress {
        private final ProgressBar bar;

        Bar(Session session) {
            long total = session.runs().stream().mapToLong(Run::totalSteps).sum();
            long done = session.runs().stream().mapToLong(Run::step).sum();
            bar = new ProgressBarBuilder()
                    .setTaskName("")
                    .setInitialMax(total)
                    .startsFrom(done, Duration.ZERO)
                    .setStyle(ProgressBarStyle.ASCII)
                    .setUnit(" steps", 1)
                    .setUpdateIntervalMillis(500)
                    .build();
        }

        @Override
        public void step(Run run, Map<String, Number> metrics) {
            bar.step();
            bar.setExtraMessage(" " + numbers(metrics));
        }

        @Override
        public void ended(Run run, Outcome outcome) {
            bar.setExtraMessage(" " + end(run, outcome));
        }

        @Override
        public void close() {
            bar.close();
        }
    }
}
