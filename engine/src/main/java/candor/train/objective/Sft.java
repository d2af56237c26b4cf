package candor.train.objective;

import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Supervised fine-tuning: L = −Σ log π(target) / (number of targets), the mean over all targets of the optimiser step,
 * however it was cut into micro-batches.
 */
public record Sft() implements Objective {
    @Override
    public Requirements needs() {
        return Requirements.NOTHING;
    }

    @Override
    public List<Metric> metrics() {
        return List.of(Metric.LOSS);
    }

    @Override
    public StepLoss settle(List<List<Row>> microBatches) {
        long targets = microBatches.stream()
                .flatMap(List::stream)
                .mapToLong(Row::targets)
                .sum();
        if (targets == 0) {
            throw new IllegalArgumentException("an optimiser step without a single target");
        }
        return new Mean(1.0 / targets);
    }

    /** @param weight of each target */
    private record Mean(double weight) implements StepLoss {
        @Override
        public List<Term> judge(int microBatch, double[] logp) {
            return Arrays.stream(logp)
                    .mapToObj(sum -> new Term(-sum * weight, -weight))
                    .toList();
        }

        @Override
        public Map<String, Double> metrics() {
            return Map.of();
        }
    }
}
