package candor.cli;

import candor.ops.ProcessMemory;
import candor.probe.ProbeReading;
import candor.train.Outcome;
import candor.train.Run;
import candor.train.Session;
import candor.train.TrainListener;
import candor.train.log.StepLog;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How training goes, for a person: a line every so many steps, and on a terminal rows below them, see {@link TrainRows}. */
final class Progress implements TrainListener, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Progress.class);

    private final long start = System.nanoTime();
    private final Map<Run, Double> losses = new HashMap<>();
    private final JobRows rows;
    private final TrainRows runs;

    Progress(Session session) {
        rows = JobRows.onStderr();
        runs = new TrainRows(rows, session.runs(), false);
    }

    @Override
    public void started(Run run) {
        LOG.info("{}: step {} of {}", run.config().output(), run.step(), run.totalSteps());
    }

    @Override
    public void step(Run run, Map<String, Number> metrics) {
        losses.put(run, metrics.get("loss").doubleValue());
        runs.step(run, metrics);
        if (run.step() % run.config().watch().loggingSteps() == 0
                || metrics.containsKey("eval_loss")
                || metrics.containsKey(ProbeReading.HONESTY)) {
            LOG.info(
                    "{}: step {} of {}, {}, {} s so far",
                    run.config().output(),
                    run.step(),
                    run.totalSteps(),
                    numbers(metrics),
                    (System.nanoTime() - start) / 1_000_000_000L);
        }
    }

    @Override
    public void checkpoint(Run run) {
        LOG.debug("{}: checkpoint of step {}", run.config().output(), run.step());
    }

    @Override
    public void ended(Run run, Outcome outcome) {
        runs.ended(run, outcome);
        LOG.info("{}: {}{}", run.config().output(), end(outcome), loss(run));
    }

    /** "loss 1.2345, 512 tok/s, 47 % of peak, 310 MiB". */
    private static String numbers(Map<String, Number> metrics) {
        List<String> numbers = TrainRows.numbers(metrics);
        Number device = metrics.get(StepLog.DEVICE_MEMORY);
        numbers.addAll(JobRows.memory(
                device == null ? OptionalLong.empty() : OptionalLong.of(device.longValue() << 20),
                ProcessMemory.resident()));
        return String.join(", ", numbers);
    }

    /** Of the run's last step, if it made one here. */
    private String loss(Run run) {
        Double loss = losses.get(run);
        return loss == null ? "" : ", " + TrainRows.number("loss", loss);
    }

    /** "stopped at step 40, since the honesty margin fell from 2.31 at the start to 1.20, by more than 1.0; …". */
    static String dropped(Outcome.Done done) {
        return String.format(
                Locale.ROOT,
                "stopped at step %d, since the honesty margin fell from %.4f at the start to %.4f, by more than %s;"
                        + " with the weights of step %d, the last reading before",
                done.step(),
                done.drop().start(),
                done.drop().margin(),
                done.drop().limit(),
                done.written());
    }

    private static String end(Outcome outcome) {
        return switch (outcome) {
            case Outcome.Done done when done.drop() != null -> dropped(done);
            case Outcome.Done done ->
                "done after " + done.step() + " steps"
                        + (done.early() ? ", stopped early: evaluations became no better" : "")
                        + (done.written() == done.step()
                                ? ""
                                : ", with the weights of step " + done.written() + ", the best evaluation");
            case Outcome.Interrupted interrupted ->
                "interrupted; checkpoint step-" + interrupted.step() + " is written";
            case Outcome.Diverged diverged -> "stopped after " + diverged.step() + " steps";
        };
    }

    @Override
    public void close() {
        rows.close();
    }
}
