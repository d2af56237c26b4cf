package candor.train;

import candor.data.Batcher;
import candor.data.EncodedRow;
import candor.model.Travel;
import candor.probe.ProbeReading;
import candor.probe.ReplyReader;
import candor.train.config.TrainConfig;
import candor.train.objective.Requirements;
import java.util.List;
import java.util.function.IntUnaryOperator;

/** Counts what passes of a process copy of layers that do not stay on its device; of several, of the one with the most passes. */
final class Copying {
    private final Travel travel;
    private final int processes;
    private final int passTokens;
    private final Together together;
    private long training;
    private long scoring;
    private long evaluations;

    /**
     * @param processes  that share the micro-batches of a step
     * @param passTokens of the largest pass, which probes that are only looked at fill
     * @param together   which micro-batches share a pass
     */
    Copying(Travel travel, int processes, int passTokens, Together together) {
        this.together = together;
        this.travel = travel;
        this.processes = processes;
        this.passTokens = passTokens;
    }

    /** Of one of the runs that share passes: as many as the one with the most; but each looks at its held-out rows alone. */
    void add(Prepared.One run, Batcher batcher, int steps) {
        TrainConfig config = run.config();
        Requirements needs = config.task().objective().needs();
        int probes = run.probing() == null ? 0 : 1; // a pass of a step more
        double passesOfStep = passes(run, batcher, probes);
        long passes = (long) Math.ceil(steps * passesOfStep);
        long once = (long) Math.ceil(Math.min(steps, batcher.stepsIn(1)) * passesOfStep);
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

    /** Of a step of the first epoch, in the mean, where a process has as many micro-batches as any. */
    private double passes(Prepared.One run, Batcher batcher, int probes) {
        int microBatches = Math.ceilDiv(run.config().batching().accumulation() + probes, processes);
        if (travel.layers() == 0 || together.most() == 1) {
            return microBatches;
        }
        long passes = 0;
        int steps = (int) batcher.stepsIn(1);
        for (int i = 0; i < steps; i++) {
            List<List<Integer>> all = batcher.next().microBatches();
            int end = Math.min(microBatches, all.size());
            passes += together.passes(
                            0,
                            end,
                            m -> sum(all.get(m), row -> run.data().row(row).length()),
                            m -> sum(all.get(m), row -> run.data().row(row).targets()))
                    + (microBatches > end ? probes : 0);
        }
        return (double) passes / Math.max(1, steps);
    }

    private static int sum(List<Integer> rows, IntUnaryOperator number) {
        return rows.stream().mapToInt(number::applyAsInt).sum();
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
