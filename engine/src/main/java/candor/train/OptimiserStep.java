package candor.train;

import candor.data.Batcher;
import candor.data.Dataset;
import candor.data.EncodedRow;
import candor.train.objective.Objective;
import candor.train.objective.Objective.Micro;
import candor.train.objective.Objective.Row;
import candor.train.objective.Objective.Scope;
import candor.train.objective.Objective.Term;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * One run's part in an optimiser step: it asks for rows in passes that it may share with other runs, and takes what comes
 * out. First passes without gradients for what KTO needs to know, then one pass for each micro-batch, judged at once.
 */
final class OptimiserStep {
    private final Dataset data;
    private final Objective objective;
    private final int slot;
    private final Batcher.Step plan;
    /** Null for SFT. */
    private final Baseline baseline;

    /** Null where nothing is dropped. */
    private final Masks masks;

    private final List<List<EncodedRow>> microBatches = new ArrayList<>();
    private final List<List<Row>> judged = new ArrayList<>();
    private List<Scope> scopes;
    /** The number of the current micro-batch's first row in its pass; the others follow it. */
    private int first;

    private long tokens;
    private String fault;

    /**
     * @param baseline null for SFT
     * @param masks    what the adapter drops, or null where it drops nothing
     */
    OptimiserStep(Dataset data, Objective objective, int slot, Batcher.Step plan, Baseline baseline, Masks masks) {
        this.data = data;
        this.objective = objective;
        this.slot = slot;
        this.plan = plan;
        this.baseline = baseline;
        this.masks = masks;
        for (List<Integer> rows : plan.microBatches()) {
            microBatches.add(rows.stream().map(data::row).toList());
        }
    }

    int microBatches() {
        return microBatches.size();
    }

    /** Adds what has to be known of a micro-batch before gradients flow; nothing for SFT, nothing behind the last one. */
    void ask(int microBatch, Pass pass) {
        if (baseline != null && microBatch < microBatches()) {
            baseline.ask(microBatch, pass);
        }
    }

    void take(int microBatch, Pass pass) {
        if (baseline != null && microBatch < microBatches()) {
            baseline.take(microBatch, pass);
        }
    }

    /** Everything is known that the rows share: by what they are divided, and the KL baseline. */
    void settle() {
        List<Micro> micros = new ArrayList<>();
        for (int m = 0; m < microBatches(); m++) {
            List<EncodedRow> rows = microBatches.get(m);
            double[] kl = baseline == null ? new double[0] : baseline.kl(m);
            micros.add(new Micro(
                    rows.size(), rows.stream().mapToLong(EncodedRow::targets).sum(), kl));
        }
        scopes = objective.scopes(micros);
    }

    /** Adds the rows of a micro-batch; nothing behind the last one. */
    void train(int microBatch, Pass pass) {
        if (microBatch < microBatches()) {
            first = -1;
            for (EncodedRow row : microBatches.get(microBatch)) {
                int number = pass.add(row, slot, masks == null ? null : masks.row(row.row()));
                first = first < 0 ? number : first;
                tokens += row.length();
            }
        }
    }

    /** Judges the rows of a micro-batch after their forward pass. */
    void judge(int microBatch, Pass pass) {
        if (microBatch >= microBatches()) {
            return;
        }
        List<Row> rows = new ArrayList<>();
        for (EncodedRow row : microBatches.get(microBatch)) {
            int number = first + rows.size();
            double reference = baseline == null ? 0 : baseline.referenceLogp(microBatch, rows.size());
            Row seen = new Row(pass.logp(number), row.targets(), reference, Boolean.TRUE.equals(row.label()));
            Term term = objective.term(seen, scopes.get(microBatch));
            if (!Double.isFinite(term.loss()) || !Double.isFinite(term.derivative())) {
                fault = "the loss is not finite at " + data.origin(row.row()) + " (log-probability " + seen.logp()
                        + ")";
            }
            pass.derivative(number, fault == null ? term.derivative() : 0);
            rows.add(seen);
        }
        judged.add(rows);
    }

    /** What went wrong, in words that name a row; null where every loss was finite. */
    String fault() {
        return fault;
    }

    /** The rows of the step, in words. */
    String rows() {
        List<Integer> rows = plan.rows();
        return data.origin(rows.getFirst()) + (rows.size() == 1 ? "" : " and " + (rows.size() - 1) + " more");
    }

    Map<String, Double> metrics() {
        return objective.metrics(judged, scopes);
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
