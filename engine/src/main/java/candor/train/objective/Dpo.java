package candor.train.objective;

import candor.data.RowKind;
import candor.train.objective.Metric.Of;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/**
 * Direct preference optimisation (Rafailov et al. 2023, equation 7), with the smoothed labels of its conservative form
 * (Mitchell 2023). Of a pair, with h = log π(y|x) − log π_ref(y|x) summed over a completion's tokens and Δ = β(h_chosen −
 * h_rejected):
 *
 * <pre>
 *   l = −(1 − ε) · log σ(Δ) − ε · log σ(−Δ)
 *   dl/dlogp of the chosen = −β · ((1 − ε) · σ(−Δ) − ε · σ(Δ)), of the rejected the same with the other sign
 *   L = mean of l over the pairs of the step, however it was cut into micro-batches
 * </pre>
 *
 * @param beta           β &gt; 0, how far the policy may leave the reference
 * @param labelSmoothing ε from 0 to below 0.5, the share of pairs that are taken to be the wrong way round
 */
public record Dpo(double beta, double labelSmoothing) implements Objective {
    /**
     * Means over the pairs, by the names and definitions of TRL 1.x: {@code rewards/…} of β·h, {@code rewards/accuracies} of
     * whether the chosen one's is the larger, {@code logps/…} of log π(y|x).
     */
    private static final Map<Metric, ToDoubleFunction<Pair>> MEANS = new LinkedHashMap<>();

    static {
        MEANS.put(new Metric("rewards/chosen", true, Of.ANY), Pair::chosenReward);
        MEANS.put(new Metric("rewards/rejected", false, Of.ANY), Pair::rejectedReward);
        MEANS.put(
                new Metric("rewards/accuracies", true, Of.ANY),
                pair -> pair.chosenReward > pair.rejectedReward ? 1 : 0);
        MEANS.put(new Metric("rewards/margins", true, Of.ANY), Pair::margin);
        MEANS.put(new Metric("logps/chosen", true, Of.ANY), Pair::chosenLogp);
        MEANS.put(new Metric("logps/rejected", false, Of.ANY), Pair::rejectedLogp);
    }

    @Override
    public Requirements needs() {
        return new Requirements(RowKind.PAIRED, true, null);
    }

    @Override
    public List<Metric> metrics() {
        List<Metric> metrics = new ArrayList<>(List.of(Metric.LOSS));
        metrics.addAll(MEANS.keySet());
        return metrics;
    }

    @Override
    public StepLoss settle(List<List<Row>> microBatches) {
        return new Step(microBatches);
    }

    private record Pair(double chosenReward, double rejectedReward, double chosenLogp, double rejectedLogp) {
        /** Δ. */
        double margin() {
            return chosenReward - rejectedReward;
        }
    }

    private final class Step implements StepLoss {
        private final List<List<Row>> microBatches;
        private final double weight;
        private final List<Pair> pairs = new ArrayList<>();

        Step(List<List<Row>> microBatches) {
            this.microBatches = microBatches;
            weight = 2.0 / microBatches.stream().mapToInt(List::size).sum();
        }

        @Override
        public List<Term> judge(int microBatch, double[] logp) {
            List<Row> rows = microBatches.get(microBatch);
            List<Term> terms = new ArrayList<>();
            for (int i = 0; i < logp.length; i += 2) {
                Pair pair = new Pair(
                        reward(rows.get(i), logp[i]), reward(rows.get(i + 1), logp[i + 1]), logp[i], logp[i + 1]);
                double hit = Logistic.sigmoid(pair.margin());
                double miss = Logistic.sigmoid(-pair.margin());
                double loss = -(1 - labelSmoothing) * Logistic.logSigmoid(pair.margin())
                        - labelSmoothing * Logistic.logSigmoid(-pair.margin());
                double slope = -weight * beta * ((1 - labelSmoothing) * miss - labelSmoothing * hit);
                terms.add(new Term(weight * loss, slope));
                terms.add(new Term(0, -slope));
                pairs.add(pair);
            }
            return terms;
        }

        private double reward(Row row, double logp) {
            return beta * (logp - row.reference());
        }

        @Override
        public Map<String, Double> metrics() {
            Map<String, Double> metrics = new LinkedHashMap<>();
            MEANS.forEach((metric, value) -> metrics.put(
                    metric.name(), pairs.stream().mapToDouble(value).average().orElseThrow()));
            return metrics;
        }
    }
}
