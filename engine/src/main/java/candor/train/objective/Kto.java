package candor.train.objective;

import java.util.ArrayList;
import java.util.Collections;
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
 * @param estimate          over what z₀ and the mean are taken
 */
public record Kto(double beta, double desirableWeight, double undesirableWeight, Estimate estimate)
        implements Objective {
    /** Over what the KL baseline, the mean loss and the logged means are taken. */
    public enum Estimate {
        /** The whole optimiser step: how it is cut into micro-batches changes nothing. */
        STEP,
        /**
         * Each micro-batch by itself, the step's loss and logs being the means of the micro-batches' own: what TRL's
         * trainer does under gradient accumulation. A mean over desirable (or undesirable) rows, and the margin, then
         * leave out the micro-batches that have none.
         */
        MICRO_BATCH
    }

    @Override
    public List<Scope> scopes(List<Micro> step) {
        return switch (estimate) {
            case STEP -> {
                int rows = step.stream().mapToInt(Micro::rows).sum();
                double baseline = baseline(step);
                yield Collections.nCopies(step.size(), new Scope(1.0 / rows, baseline));
            }
            case MICRO_BATCH -> {
                List<Scope> scopes = new ArrayList<>();
                for (Micro micro : step) {
                    scopes.add(new Scope(1.0 / ((double) micro.rows() * step.size()), baseline(List.of(micro))));
                }
                yield scopes;
            }
        };
    }

    /** Clamped after the mean: clamping each term would push the estimate up. */
    private static double baseline(List<Micro> micros) {
        double sum = 0;
        long count = 0;
        for (Micro micro : micros) {
            for (double term : micro.kl()) {
                sum += term;
            }
            count += micro.kl().length;
        }
        if (count == 0) {
            throw new IllegalArgumentException("a KL baseline needs at least one mismatched row");
        }
        // Math.max would hide nothing: it hands a NaN on.
        return Math.max(0, sum / count);
    }

    @Override
    public Term term(Row row, Scope scope) {
        double margin = beta * (row.logp() - row.reference() - scope.baseline());
        double sign = row.desirable() ? 1 : -1;
        double weight = scope.weight() * (row.desirable() ? desirableWeight : undesirableWeight);
        // 1 − σ(x) = σ(−x), and that form keeps its digits where σ(x) is near one.
        double miss = sigmoid(-sign * margin);
        double hit = sigmoid(sign * margin);
        return new Term(weight * miss, -sign * weight * beta * hit * miss);
    }

    private static double sigmoid(double x) {
        return x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x));
    }

    /**
     * {@code loss}, {@code kl} (z₀), and where there are such rows {@code rewards/chosen}, {@code rewards/rejected} (means
     * of β·h over the desirable and the undesirable rows), {@code rewards/margins} (their difference), {@code
     * logps/chosen}, {@code logps/rejected} (means of log π(y|x)): the names and definitions of TRL 1.x.
     */
    @Override
    public Map<String, Double> metrics(List<List<Row>> step, List<Scope> scopes) {
        Map<String, Double> metrics = new LinkedHashMap<>();
        metrics.put("loss", Terms.loss(this, step, scopes));
        metrics.put("kl", scopes.stream().mapToDouble(Scope::baseline).average().orElseThrow());
        List<List<Row>> groups = estimate == Estimate.MICRO_BATCH
                ? step
                : List.of(step.stream().flatMap(List::stream).toList());
        Means means = new Means();
        for (List<Row> group : groups) {
            List<Row> chosen = group.stream().filter(Row::desirable).toList();
            List<Row> rejected = group.stream().filter(row -> !row.desirable()).toList();
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

    private double reward(List<Row> rows) {
        return rows.stream()
                .mapToDouble(row -> beta * (row.logp() - row.reference()))
                .average()
                .orElseThrow();
    }

    private static double logp(List<Row> rows) {
        return rows.stream().mapToDouble(Row::logp).average().orElseThrow();
    }

    /** Means by name, names in a fixed order. */
    private static final class Means {
        private static final List<String> ORDER =
                List.of("rewards/chosen", "rewards/rejected", "rewards/margins", "logps/chosen", "logps/rejected");
        private final Map<String, List<Double>> values = new LinkedHashMap<>();

        void add(String name, double value) {
            values.computeIfAbsent(name, _ -> new ArrayList<>()).add(value);
        }

        void into(Map<String, Double> metrics) {
            for (String name : ORDER) {
                List<Double> seen = values.get(name);
                if (seen != null) {
                    metrics.put(
                            name, seen.stream().mapToDouble(d -> d).average().orElseThrow());
                }
            }
        }
    }
}
