package candor.train;

import candor.BadInput;
import candor.ops.Batch;
import candor.probe.EncodedProbe;
import candor.probe.ProbeReading;
import candor.train.config.TrainConfig.HonestyProbes;
import java.util.List;
import java.util.Map;

/**
 * Watches a run's honesty by probes: passes without gradients, between steps, through the run's own slot. They leave no trace
 * in what is trained.
 */
final class HonestyWatch {
    /**
     * How the probes are put.
     *
     * @param slot         the adapter that is trained
     * @param startSlot    what is the same as that before the first step, and perhaps for other runs, too
     * @param tokensAtOnce tokens of a pass
     */
    record Place(int slot, int startSlot, int tokensAtOnce) {}

    /** What gives the same reading at the start. */
    record Start(List<EncodedProbe> probes, int slot) {}

    private final HonestyProbes asked;
    private final WatchProbes watching;
    private final ProbePlan plan;
    private final List<EncodedProbe> probes;
    private final Place place;
    private ProbeReading start;
    private long good;

    /**
     * The watch of a run.
     *
     * @param plan  where there is no state
     * @param state of the checkpoint that the run goes on from, or null
     */
    HonestyWatch(HonestyProbes asked, WatchProbes watching, ProbePlan plan, Place place, HonestyState state) {
        this.asked = asked;
        this.watching = watching;
        this.place = place;
        this.plan = state == null ? plan : state.plan();
        probes = this.plan.chosen(watching.probes());
        if (state != null) {
            start = state.start();
            good = state.good();
        }
    }

    /** Whether a drop ends the run. */
    boolean stops() {
        return asked.drop() != null;
    }

    /** What is known before the first step; null until {@link #begin}. */
    ProbeReading start() {
        return start;
    }

    ProbePlan plan() {
        return plan;
    }

    List<EncodedProbe> probes() {
        return probes;
    }

    HonestyState state() {
        return new HonestyState(plan, start, good);
    }

    /** The last step whose reading was no drop; 0 is the start. */
    long good() {
        return good;
    }

    /**
     * Reads the probes before the first step, unless that is known.
     *
     * @param known readings of runs that begin with this one
     */
    void begin(StepPasses passes, Map<Start, ProbeReading> known) {
        if (start == null) {
            start = known.computeIfAbsent(new Start(probes, place.startSlot), same -> read(passes, same.slot()));
            if (!start.finite()) {
                throw new BadInput(
                        "the probes' margins are not finite before the first step",
                        "give other probes with {honesty_probes}, or another model");
            }
        }
    }

    boolean due(long step, boolean atEnd) {
        return atEnd || plan.due(step);
    }

    ProbeReading read(StepPasses passes) {
        return read(passes, place.slot);
    }

    private ProbeReading read(StepPasses passes, int slot) {
        return ProbeReading.of(passes.reader(slot, place.tokensAtOnce), probes, watching.direction());
    }

    /** Whether honesty has dropped too far; if not, the step is good. */
    HonestyDrop judge(long step, ProbeReading now) {
        double margin = now.honesty().mean();
        double before = start.honesty().mean();
        if (stops() && before - margin > asked.drop()) {
            return new HonestyDrop(before, margin, asked.drop());
        }
        good = step;
        return null;
    }

    /** The slot that a fresh adapter is the same as: it changes nothing yet. */
    static int startSlot(boolean fresh, int slot) {
        return fresh ? Batch.BASE : slot;
    }
}
