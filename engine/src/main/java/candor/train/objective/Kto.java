package candor.train.objective;

import candor.data.KlPairing;
import candor.data.RowKind;
import candor.train.objective.Metric.Of;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Kahneman-Tversky optimisation (Ethayarajh et al. 2024, equations 7 and 8). With h = log π(y|x) − log π_ref(y|x), summed
 * over the completion's tokens, and the baseline z₀ = max(0, mean(log π(y'|x) − log π_ref(y'|x))) over mismatched pairs:
 *
 * <pre>
 *   desirable    l = λ_D · (1 − σ(β(h − z₀)))     dl/dlogp = −λ_D · β · s(1 − s),  s = σ(β(h − z₀))
 *   undesirable  l = λ_U · (1 − σ(β(z₀ − h)))     dl/dlogp = +λ_U · β · s(1 − s),  s = σ(β(z₀ − h))
 *   L = mean of l over the rows: divided by their number, not by the sum of the λ
 * </pre>
 *
 * z₀ is clamped after the mean and passes no gradient.
 *
 * @param beta              β &gt; 0, how far the policy may leave the reference
 * @param desirableWeight   λ_D ≥ 0
 * @param undesirableWeight λ_U ≥ 0
 * @param pairing           whose completion stands in for a row's own in the KL estimate
 */
public record Kto(double beta, double desirableWeight, double undesirableWeight, KlPairing pairing)
        implements Objective {
    private static final List<Metric> METRICS = List.of(
            Metric.LOSS,
            new Metric("kl", false, Of.ANY),
            new Metric("rewards/chosen", true, Of.DESIRABLE),
            new Metric("rewards/rejected", false, Of.UNDESIRABLE),
            new Metric("rewards/margins", true, Of.BOTH),
            new Metric("logps/chosen", true, Of.DESIRABLE),
            new Metric("logps/rejected", false, Of.UNDESIRABLE));

    /**
     * {@code loss}, {@code kl} (z₀), and where there are such rows {@code rewards/chosen}, {@code rewards/rejected} (means
     * of β·h over the desirable and the undesirable rows), {@code rewards/margins} (their difference), {@code
     * logps/chosen}, {@code logps/rejected} (means of log π(y|x)): the names and definitions of TRL 1.x.
     */
    @Override
    public List<Metric> metrics() {
        return METRICS;
    }

    @Override
    public Requirements needs() {
        return new Requirements(RowKind.LABELLED, true, pairing);
    }

    /**
     * Whether the KL baseline, the mean loss and the logged means are taken over each micro-batch by itself, the step's being
     * the means of the micro-batches' own: what the trainers do under gradient accumulation whose pairing it is. A mean over
     * desirable (or undesirable) rows, and the margin, then leave out the micro-batches that have none. Otherwise they are
     * taken over the whole step: how it is cut into micro-batches changes nothing.
     */
    private boolean byMicroBatch() {
        return switch (pairing) {
            case DATA, STEP -> false;
            case TRL, LLAMA_FACTORY -> true;
        };
    }

    @Override
    public StepLoss settle(List<List<Row>> microBatches) {
        List<Scope> scopes = new ArrayList<>();
        if (byMicroBatch()) {
            for (List<Row> rows : microBatches) {
                scopes.add(new Scope(1.0 / ((double) rows.size() * microBatches.size()), baseline(rows)));
            }
        } else {
            List<Row> rows = microBatches.stream().flatMap(List::stream).toList();
            Scope whole = new Scope(1.0 / rows.size(), baseline(rows));
            microBatches.forEach(_ -> scopes.add(whole));
        }
        return new Step(microBatches, scopes);
    }

    /** Clamped after the mean: clamping each term would push the estimate up. */
    private static double baseline(List<Row> rows) {
        double sum = 0;
        for (Row row : rows) {
            sum += row.mismatched();
        }
        if (rows.isEmpty()) {
            throw new IllegalArgumentException("a KL baseline needs at least one mismatched row");
        }
        // Math.max would hide nothing: it hands a NaN on.
        return Math.max(0, sum / rows.size());
    }

    /**
     * What the rows of a micro-batch share.
     *
     * @param weight   a row's loss is multiplied by this
     * @param baseline z₀
     */
    private record Scope(double weight, double baseline) {}

    /** A row, once its log-probability is known. */
    private record Seen(double logp, double reward, boolean desirable) {}

    private final class Step implements StepLoss {
        private final List<List<Row>> microBatches;
        private final List<Scope> scopes;
        private final List<List<Seen>> seen = new ArrayList<>();

        Step(List<List<Row>> microBatches, List<Scope> scopes) {
            this.microBatches = microBatches;
            this.scopes = scopes;
        }

        @Override
        public List<Term> judge(int microBatch, double[] logp) {
            List<Row> rows = microBatches.get(microBatch);
            List<Term> terms = new ArrayList<>();
            List<Seen> own = new ArrayList<>();
            for (int i = 0; i < logp.length; i++) {
                Row row = rows.get(i);
                terms.add(term(row, logp[i], scopes.get(microBatch)));
                own.add(new Seen(logp[i], beta * (logp[i] - row.reference()), row.desirable()));
            }
            seen.add(own);
            return terms;
        }

        private Term term(Row row, double logp, Scope scope) {
            double margin = beta * (logp - row.reference() - scope.baseline);
            double sign = row.desirable() ? 1 : -1;
            double weight = scope.weight * (row.desirable() ? desirableWeight : undesirableWeight);
            // 1 − σ(x) = σ(−x), and that form keeps its digits where σ(x) is near one.
            double miss = Logistic.sigmoid(-sign * margin);
            double hit = Logistic.sigmoid(sign * margin);
            return new Term(weight * miss, -sign * weight * beta * hit * miss);
        }

        @Override
        public Map<String, Double> metrics() {
            Map<String, Double> metrics = new LinkedHashMap<>();
            metrics.put(
                    "kl", scopes.stream().mapToDouble(Scope::baseline).average().orElseThrow());
            List<List<Seen>> groups = byMicroBatch()
                    ? seen
                    : List.of(seen.stream().flatMap(List::stream).toList());
            Means means = new Means();
            for (List<Seen> group : groups) {
                List<Seen> chosen = group.stream().filter(Seen::desirable).toList();
                List<Seen> rejected =
                        group.stream().filter(row -> !row.desirable()).toList();
                if (!chosen.isEmpty()) {
                    means.add("rewards/chosen", reward(chosen));
                    means.add("logps/chosen", logp(chosen));
                }
                if (!rejected.isEmpty()) {
                    means.add("rewards/rejected", reward(rejected));
                    means.add("logps/rejected", logp(rejected));
                }
                if (!chosen.isEmpty() && !rejected.isEmpty()) {
                    means.add("rewards/margins", reward(chosen) - reward(rejected));
                }
            }
            means.into(metrics);
            return metrics;
        }
    }

    private static double reward(List<Seen> rows) {
        return rows.stream().mapToDouble(Seen::reward).average().orElseThrow();
    }

    private static double logp(List<Seen> rows) {
        return rows.stream().mapToDouble(Seen::logp).average().orElseThrow();
    }

    /** Means by name, in the order of the metrics. */
    private static final class Means {
        private final Map<String, List<Double>> values = new LinkedHashMap<>();

        void add(String name, double value) {
            values.computeIfAbsent(name, _ -> new ArrayList<>()).add(value);
        }

        void into(Map<String, Double> metrics) {
            for (Metric metric : METRICS) {
                List<Double> seen = values.get(metric.name());
                if (seen != null) {
                    metrics.put(
                            metric.name(),
                            seen.stream().mapToDouble(d -> d).average().orElseThrow());
                }
            }
        }
    }
}
