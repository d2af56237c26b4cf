package candor.cli;

import candor.train.Outcome;
import candor.train.Run;
import candor.train.TrainListener;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * Says after a moment how long training will take, by the steps that there were, and at the end how long it took beside that.
 * Loops are compiled while the first steps run, so the later half of the moment is what counts, and a longer one is looked at
 * once more. What training tells is handed on.
 */
final class Forecast implements TrainListener {
    /** The first step is left out: memory is taken in it, and loops are not compiled. */
    private static final int LEFT_OUT = 1;

    /** Seconds after which the rest is foretold: a single step says little on a machine that is shared. */
    private static final double[] LOOKS = {2, 10};

    /** A later look that says the same within this factor is not told. */
    private static final double SAME = 1.25;

    private static final int STEPS = 5;

    /** So many steps were done then. */
    private record Mark(long nanos, long done) {}

    private final TrainListener next;
    private final Collection<Run> runs;
    private final Consumer<String> lines;
    private final LongSupplier nanos;
    private final long start;
    private final List<Mark> marks = new ArrayList<>();
    private long steps;
    private int looks;
    private int ended;
    private boolean stopped;
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
        if (++steps < (long) LEFT_OUT * runs() || looks == LOOKS.length) {
            return;
        }
        Mark now = new Mark(nanos.getAsLong(), done);
        marks.add(now);
        Mark first = marks.getFirst();
        if (now.nanos - first.nanos < LOOKS[looks] * 1e9
                || done - first.done < (long) STEPS * runs()
                || done >= total) {
            return;
        }
        looks++;
        long half = first.nanos + (now.nanos - first.nanos) / 2;
        Mark from = marks.stream().filter(mark -> mark.nanos <= half).toList().getLast();
        double each = (now.nanos - from.nanos) / 1e9 / (done - from.done);
        double all = (now.nanos - start) / 1e9 + each * (total - done);
        if (Double.isNaN(forecast) || Math.max(all / forecast, forecast / all) > SAME) {
            forecast = all;
            lines.accept("time: about " + Rates.time(all) + " in all, judging by " + (done - from.done) + " steps");
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
        stopped |= !(outcome instanceof Outcome.Done);
        if (++ended == runs()) {
            over();
        }
        next.ended(run, outcome);
    }

    /** The end of all runs, told before the last one's own line, which has its loss; what was expected of whole ones says nothing of one that was stopped. */
    void over() {
        double took = (nanos.getAsLong() - start) / 1e9;
        lines.accept("time: took " + Rates.time(took)
                + (Double.isNaN(forecast) || stopped ? "" : ", and about " + Rates.time(forecast) + " was expected"));
    }
}
