package candor.cli;

import candor.train.Outcome;
import candor.train.Run;
import candor.train.TrainListener;
import java.util.Collection;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * Says after a moment how long training will take, by the steps that there were, and at the end how long it took beside that.
 * What training tells is handed on.
 */
final class Forecast implements TrainListener {
    /** The first step is left out: memory is taken in it, and loops are not compiled. */
    private static final int LEFT_OUT = 1;

    /** What is looked at, at least: a single step says little on a machine that is shared. */
    private static final double SECONDS = 2;

    private static final int STEPS = 5;

    private final TrainListener next;
    private final Collection<Run> runs;
    private final Consumer<String> lines;
    private final LongSupplier nanos;
    private final long start;
    private long stepsAtStart;
    private long steps;
    private long measuredFrom;
    private double forecast = Double.NaN;

    /**
     * @param lines where a line for people goes
     * @param nanos a clock
     */
    Forecast(TrainListener next, Collection<Run> runs, Consumer<String> lines, LongSupplier nanos) {
        this.next = next;
        this.runs = runs;
        this.lines = lines;
        this.nanos = nanos;
        start = nanos.getAsLong();
    }

    @Override
    public void started(Run run) {
        next.started(run);
    }

    @Override
    public void step(Run run, Map<String, Number> metrics) {
        next.step(run, metrics);
        counted(
                runs.stream().mapToLong(Run::step).sum(),
                runs.stream().mapToLong(Run::totalSteps).sum());
    }

    /** So many steps of all runs are done, of so many. */
    void counted(long done, long total) {
        steps++;
        long now = nanos.getAsLong();
        if (steps <= (long) LEFT_OUT * runs()) {
            measuredFrom = now;
            stepsAtStart = done;
            return;
        }
        double seconds = (now - measuredFrom) / 1e9;
        if (Double.isNaN(forecast)
                && seconds >= SECONDS
                && done - stepsAtStart >= (long) STEPS * runs()
                && done < total) {
            double each = seconds / (done - stepsAtStart);
            forecast = (now - start) / 1e9 + each * (total - done);
            lines.accept(
                    "time: about " + Rates.time(forecast) + " in all, judging by " + (done - stepsAtStart) + " steps");
        }
    }

    private int runs() {
        return Math.max(1, runs.size());
    }

    @Override
    public void checkpoint(Run run) {
        next.checkpoint(run);
    }

    @Override
    public void ended(Run run, Outcome outcome) {
        next.ended(run, outcome);
    }

    /** The end of all runs. */
    void over() {
        double took = (nanos.getAsLong() - start) / 1e9;
        lines.accept("time: took " + Rates.time(took)
                + (Double.isNaN(forecast) ? "" : ", and about " + Rates.time(forecast) + " was expected"));
    }
}
