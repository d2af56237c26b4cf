package candor.evaluate.stats;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The difference B − A of a score between two evaluations of the same rows.
 *
 * @param rows rows that both have a value for
 * @param standardError of the difference, from the rows' own differences; NaN where fewer than two rows have both
 * @param interval of the paired bootstrap: rows are drawn, and a row brings its cells of both sides
 * @param bootstrapP two-sided: twice the smaller share of resamples on either side of zero, (k + 1) / (n + 1) each
 */
public record Paired(
        double a,
        double b,
        double difference,
        int rows,
        double standardError,
        Bootstrap.Interval interval,
        double bootstrapP) {
    private record Pair(Cell a, Cell b) {}

    /** Compares cell i of one side with cell i of the other. */
    public static Paired of(List<Cell> a, List<Cell> b, Mean mean, Bootstrap bootstrap) {
        if (a.size() != b.size()) {
            throw new IllegalArgumentException(a.size() + " rows against " + b.size());
        }
        List<List<Pair>> strata = strata(a, b, mean);
        double[] differences = bootstrap.statistics(strata, pairs -> difference(pairs, mean));
        double valueA = mean.of(a);
        double valueB = mean.of(b);
        return new Paired(
                valueA,
                valueB,
                valueB - valueA,
                (int) strata.stream()
                        .flatMap(List::stream)
                        .filter(Paired::complete)
                        .count(),
                standardError(strata, mean),
                bootstrap.percentiles(differences),
                p(differences));
    }

    private static List<List<Pair>> strata(List<Cell> a, List<Cell> b, Mean mean) {
        List<Pair> pairs = new ArrayList<>();
        for (int i = 0; i < a.size(); i++) {
            pairs.add(new Pair(a.get(i), b.get(i)));
        }
        if (mean == Mean.POOLED) {
            return List.of(pairs);
        }
        return pairs.stream()
                .map(pair -> pair.a().stratum())
                .distinct()
                .sorted()
                .map(name -> pairs.stream()
                        .filter(pair -> pair.a().stratum().equals(name))
                        .toList())
                .toList();
    }

    private static boolean complete(Pair pair) {
        return pair.a().count() > 0 && pair.b().count() > 0;
    }

    private static double difference(List<Pair> pairs, Mean mean) {
        return mean.of(pairs.stream().map(Pair::b).toList())
                - mean.of(pairs.stream().map(Pair::a).toList());
    }

    /** Each row's difference of residuals, linearised as in {@link Mean#standardError}. */
    private static double standardError(List<List<Pair>> strata, Mean mean) {
        double variance = 0;
        for (List<Pair> stratum : strata) {
            double a = Mean.POOLED.of(stratum.stream().map(Pair::a).toList());
            double b = Mean.POOLED.of(stratum.stream().map(Pair::b).toList());
            long countA = stratum.stream().mapToLong(pair -> pair.a().count()).sum();
            long countB = stratum.stream().mapToLong(pair -> pair.b().count()).sum();
            double squares = 0;
            int rows = 0;
            for (Pair pair : stratum) {
                if (pair.a().count() + pair.b().count() > 0) {
                    double residual = (pair.b().sum() - b * pair.b().count()) / countB
                            - (pair.a().sum() - a * pair.a().count()) / countA;
                    squares += residual * residual;
                    rows++;
                }
            }
            variance += rows < 2 ? Double.NaN : squares * rows / (rows - 1);
        }
        return Math.sqrt(variance) / (mean == Mean.MACRO ? strata.size() : 1);
    }

    private static double p(double[] differences) {
        if (differences.length == 0) {
            return Double.NaN;
        }
        long below = Arrays.stream(differences).filter(d -> d <= 0).count();
        long above = Arrays.stream(differences).filter(d -> d >= 0).count();
        return Math.min(1, 2.0 * (Math.min(below, above) + 1) / (differences.length + 1));
    }
}
