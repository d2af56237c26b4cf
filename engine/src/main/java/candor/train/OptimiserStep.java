package candor.train;

import candor.data.Batcher;
import candor.data.Dataset;
import candor.data.EncodedRow;
import candor.data.KlPairing;
import candor.train.objective.Metric;
import candor.train.objective.Objective;
import candor.train.objective.Objective.StepLoss;
import candor.train.objective.Objective.Term;
import candor.train.objective.ProbePenalty;
import candor.train.objective.Requirements;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One run's part in an optimiser step, in the order in which {@link StepPasses} asks: rows for passes that it may share with
 * other runs, and what it takes out of them.
 */
final class OptimiserStep {
    /**
     * What the steps of a run have in common.
     *
     * @param known of the reference; null where the objective does not need it
     * @param partners of mismatched pairs; null where the objective wants none
     * @param probing what is added to the objective's loss, or null
     */
    record Source(
            Dataset data,
            Objective objective,
            Slots slots,
            References known,
            KlPairing.Partners partners,
            Probing probing) {
        /** @param seed draws the partners */
        static Source of(Dataset data, Objective objective, Slots slots, References known, long seed, Probing probing) {
            KlPairing pairing = objective.needs().mismatched();
            KlPairing.Partners partners = pairing == null ? null : pairing.partners(data.size(), seed);
            return new Source(data, objective, slots, known, partners, probing);
        }
    }

    private final Source source;
    private final Batcher.Step plan;

    /** Null where nothing is dropped. */
    private final Masks masks;

    /** Those of the plan, and behind them one of probes, where there are any. */
    private final List<List<Asked>> microBatches = new ArrayList<>();

    /** Log-probabilities of each micro-batch's rows; null before its pass. */
    private final List<double[]> logps = new ArrayList<>();

    /** The numbers of the probes' rows; none where nothing is added to the objective. */
    private final int[] probes;

    private ProbePenalty.Judged probed;
    private StepLoss settled;
    /** The number of each micro-batch's first row in its pass; the others follow it. */
    private final Map<Integer, Integer> first = new HashMap<>();

    private boolean faulty;
    private double loss;
    private long tokens;
    private String fault;

    /**
     * A step, nothing done yet.
     *
     * @param masks what the adapter drops, or null where it drops nothing; the reference drops nothing
     * @param probes numbers of the probes' rows that it has beside those of the plan, none where nothing is added to the objective
     */
    OptimiserStep(Source source, Batcher.Step plan, Masks masks, int[] probes) {
        this.source = source;
        this.plan = plan;
        this.masks = masks;
        this.probes = probes;
        Dataset data = source.data;
        Requirements needs = source.objective.needs();
        int[] partners = source.partners == null ? null : source.partners.of(plan);
        int at = 0;
        for (List<Integer> rows : plan.microBatches()) {
            List<Asked> asked = new ArrayList<>();
            for (int row : rows) {
                EncodedRow pair = partners == null ? null : data.pair(row, partners[at++]);
                asked.add(new Asked(needs, data.row(row), pair));
            }
            microBatches.add(asked);
            logps.add(null);
        }
        if (probes.length > 0) {
            microBatches.add(source.probing.asked(probes));
            logps.add(null);
        }
    }

    private boolean isOfProbes(int microBatch) {
        return microBatch == plan.microBatches().size() && probes.length > 0;
    }

    int microBatches() {
        return microBatches.size();
    }

    /** The rows of a micro-batch; none behind the last one. */
    List<Asked> rows(int microBatch) {
        return microBatch < microBatches.size() ? microBatches.get(microBatch) : List.of();
    }

    /** Adds what has to be known of a micro-batch before gradients flow. */
    void ask(int microBatch, Pass pass) {
        rows(microBatch).forEach(row -> row.ask(pass, source.slots, source.known, masks));
    }

    void take(int microBatch, Pass pass) {
        rows(microBatch).forEach(row -> row.take(pass, source.known));
    }

    /** Everything is known that the rows share. */
    void settle() {
        settled = settlement();
    }

    private StepLoss settlement() {
        return source.objective.settle(
                microBatches.subList(0, plan.microBatches().size()).stream()
                        .map(Collections::<Objective.Row>unmodifiableList)
                        .toList());
    }

    /** What was found of the rows of a micro-batch before they are settled, for other processes. */
    double[] known(int microBatch) {
        return rows(microBatch).stream()
                .flatMapToDouble(row -> Arrays.stream(row.known()))
                .toArray();
    }

    /** Takes in what another process found of the rows of a micro-batch. */
    void tellKnown(int microBatch, double[] numbers) {
        List<Asked> rows = rows(microBatch);
        for (int i = 0; i < rows.size(); i++) {
            rows.get(i).tell(numbers, Asked.NUMBERS * i, source.known);
        }
    }

    /**
     * Adds the rows of a micro-batch.
     *
     * @param before how many there are before it in the pass that have gradients of their own
     */
    void train(int microBatch, Pass pass, int before) {
        List<Asked> rows = rows(microBatch);
        for (int i = 0; i < rows.size(); i++) {
            EncodedRow row = rows.get(i).row();
            Long key = masks == null ? null : isOfProbes(microBatch) ? masks.probe(probes[i]) : masks.row(row.row());
            int number = pass.add(row, source.slots.policy(before), key);
            first.putIfAbsent(microBatch, number);
        }
    }

    /** Says what the derivatives of a micro-batch's rows are after their forward pass. */
    void judge(int microBatch, Pass pass) {
        List<Asked> rows = rows(microBatch);
        if (rows.isEmpty()) {
            return;
        }
        int number = first.get(microBatch);
        double[] logp = new double[rows.size()];
        for (int i = 0; i < logp.length; i++) {
            logp[i] = pass.logp(number + i);
        }
        logps.set(microBatch, logp);
        List<Term> terms = terms(microBatch, logp);
        for (int i = 0; i < logp.length; i++) {
            faulty |= !finite(terms.get(i));
            pass.derivative(number + i, faulty ? 0 : terms.get(i).derivative());
        }
    }

    private List<Term> terms(int microBatch, double[] logp) {
        if (!isOfProbes(microBatch)) {
            return settled.judge(microBatch, logp);
        }
        probed = source.probing.penalty().judge(rows(microBatch), logp);
        return probed.terms();
    }

    private static boolean finite(Term term) {
        return Double.isFinite(term.loss()) && Double.isFinite(term.derivative());
    }

    /** Log-probabilities of a micro-batch's rows, for other processes. */
    double[] judged(int microBatch) {
        return rows(microBatch).isEmpty() ? new double[0] : logps.get(microBatch);
    }

    /** Takes in what another process found of a micro-batch's rows. */
    void tellJudged(int microBatch, double[] logp) {
        if (!rows(microBatch).isEmpty()) {
            logps.set(microBatch, logp);
        }
    }

    /** Judges all rows, in their order, whoever computed them. */
    void conclude() {
        settled = settlement();
        for (int m = 0; m < microBatches.size(); m++) {
            boolean ofProbes = isOfProbes(m);
            double[] logp = logps.get(m);
            List<Term> terms = terms(m, logp);
            for (int i = 0; i < logp.length; i++) {
                EncodedRow row = microBatches.get(m).get(i).row();
                if (!finite(terms.get(i))) {
                    fault = "the loss is not finite at "
                            + (ofProbes ? source.probing.name(probes[i]) : source.data.origin(row.row()))
                            + " (log-probability " + logp[i] + ")";
                }
                loss += ofProbes ? 0 : terms.get(i).loss();
                tokens += row.length();
            }
        }
    }

    /** What went wrong, in words that name a row; null where every loss was finite. */
    String fault() {
        return fault;
    }

    /** The rows of the step, in words. */
    String rows() {
        List<Integer> rows = plan.rows();
        return source.data.origin(rows.getFirst()) + (rows.size() == 1 ? "" : " and " + (rows.size() - 1) + " more");
    }

    /** What goes to the log, the objective's loss first; what is added to it stands by itself. */
    Map<String, Double> metrics() {
        Map<String, Double> metrics = new LinkedHashMap<>();
        metrics.put(Metric.LOSS.name(), loss);
        metrics.putAll(settled.metrics());
        if (probed != null) {
            metrics.put(ProbePenalty.METRIC, probed.penalty());
            metrics.put(ProbePenalty.MARGIN_CHANGE, probed.marginChange());
        }
        return metrics;
    }

    /** Tokens that went through with gradients. */
    long tokens() {
        return tokens;
    }

    /** Epochs done when this step is. */
    double epoch() {
        return plan.epoch() + (plan.index() + 1.0) / plan.stepsInEpoch();
    }
}
