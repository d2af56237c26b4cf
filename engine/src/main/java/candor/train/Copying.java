package candor.train;

import candor.data.Batcher;
import candor.model.Travel;
import candor.train.config.TrainConfig;
import candor.train.objective.Requirements;

/** Counts what passes copy of layers that do not stay on the device. */
final class Copying {
    private final Travel travel;
    private final int processes;
    private long training;
    private long scoring;
    private long evaluations;

    /** @param processes that share the micro-batches of a step */
    Copying(Travel travel, int processes) {
        this.travel = travel;
        this.processes = processes;
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
        scoring = Math.max(scoring, needs.pairPasses() > 0 ? passes : needs.reference() ? once : 0);
        if (run.heldOut() != null) {
            int every = config.watch().evalSteps();
            long times = every == 0 ? 1 : Math.ceilDiv(steps, every);
            int rows = config.batching().rows() * needs.rows().group();
            evaluations += times
                    * Math.ceilDiv(Math.ceilDiv(run.heldOut().size(), rows), processes)
                    * (needs.freePasses() > 0 ? 2 : 1);
        }
    }

    /** Bytes in all. */
    double bytes() {
        return (double) training * travel.trainingPass() + (double) (scoring + evaluations) * travel.scoringPass();
    }
}
