package candor.train;

import candor.data.Batcher;
import candor.data.EncodedRow;
import candor.model.Travel;
import candor.probe.ProbeReading;
import candor.probe.ReplyReader;
import candor.train.config.TrainConfig;
import candor.train.objective.Requirements;
import java.util.List;

/** Counts what passes of a process copy of layers that do not stay on its device; of several, of the one with the most passes. */
final class Copying {
    private final Travel travel;
    private final int processes;
    private final int passTokens;
    private long training;
    private long scoring;
    private long evaluations;

    /**
     * @param processes  that share the micro-batches of a step
     * @param passTokens of the largest pass, which probes that are only looked at fill
     */
    Copying(Travel travel, int processes, int passTokens) {
        this.travel = travel;
        this.processes = processes;
        this.passTokens = passTokens;
    }

    /** Of one of the runs that share passes: as many as the one with the most; but each looks at its held-out rows alone. */
    void add(Prepared.One run, Batcher batcher, int steps) {
        TrainConfig config = run.config();
        Requirements needs = config.task().objective().needs();
        int probes = run.probing() == null ? 0 : 1; // a pass of a step more
        long microBatches = Math.ceilDiv(config.batching().accumulation() + probes, processes);
        long passes = steps * microBatches;
        long once = Math.min(steps, batcher.stepsIn(1)) * microBatches;
        training = Math.max(training, passes);
        long reference = needs.reference() ? once : run.probing() == null ? 0 : Math.min(steps, rounds(run.probing()));
        scoring = Math.max(scoring, needs.pairPasses() > 0 ? passes : reference);
        if (run.heldOut() != null) {
            int every = config.watch().evalSteps();
            long times = every == 0 ? 1 : Math.ceilDiv(steps, every);
            int rows = config.batching().rows() * needs.rows().group();
            evaluations += times
                    * Math.ceilDiv(Math.ceilDiv(run.heldOut().size(), rows), processes)
                    * (needs.freePasses() > 0 ? 2 : 1);
        }
        if (run.watching() != null) {
            ProbePlan plan = Run.probePlan(config, run.watching(), run.data(), steps);
            List<EncodedRow> rows = ProbeReading.rows(plan.chosen(run.watching().probes()));
            // Each process reads all of them.
            evaluations += (long) plan.readings(steps) * ReplyReader.passes(rows, passTokens);
        }
    }

    /** Steps until each probe of a penalty has come. */
    private static long rounds(Probing probing) {
        return Math.ceilDiv(probing.rows().size(), probing.rowsInStep());
    }

    /** Bytes in all. */
    double bytes() {
        return (double) training * travel.trainingPass() + (double) (scoring + evaluations) * travel.scoringPass();
    }
}
