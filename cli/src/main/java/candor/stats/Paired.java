package candor.stats;

import candor.stats.Linearised.Stratum;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The difference B − A of a rate between two evaluations of the same rows, each side over the rows that have a part in it there:
 * a difference of two ratios, whose error knows that the rows are the same (Cochran, Sampling Techniques, §6.8). Rows that only
 * one side has a value for (a belief that tuning took away) count on that side.
 *
 * @param rows rows that both have a value for
 * @param difference with its error, Student's interval and test
 * @param bootstrapP of the paired bootstrap: rows are drawn, and a row brings its cells of both sides. Two-sided: twice the
 *     smaller share of resamples on either side of zero, (k + 1) / (n + 1) each
 */
public record Paired(double a, double b, Contrast difference, int rows, double bootstrapP) {
    private record Pair(Cell a, Cell b) {}

    /** Compares cell i of one side with cell i of the other; values are between 0 and 1. */
    public static Paired of(List<Cell> a, List<Cell> b, Mean mean, Bootstrap bootstrap) {
        if (a.size() != b.size()) {
            throw new IllegalArgumentException(a.size() + " rows against " + b.size());
        }
        List<List<Pair>> strata = strata(a, b, mean);
        double valueA = mean.of(a);
        double valueB = mean.of(b);
        int rowsA = Mean.taking(a);
        int rowsB = Mean.taking(b);
        Linearised error = Linearised.of(strata.stream().map(Paired::stratum).toList());
        double unseen = Contrast.unseen(valueA, rowsA) + Contrast.unseen(valueB, rowsB);
        return new Paired(
                valueA,
                valueB,
                Contrast.of(
                        valueB - valueA,
                        error.standardError() == 0 ? 0 : Math.hypot(error.standardError(), Math.sqrt(unseen)),
                        error.degrees(),
                        Math.min(rowsA, rowsB),
                        1,
                        Interval.LEVEL),
                (int) strata.stream()
                        .flatMap(List::stream)
                        .filter(pair -> pair.a().count() > 0 && pair.b().count() > 0)
                        .count(),
                p(bootstrap.statistics(strata, pairs -> mean.of(ofB(pairs)) - mean.of(ofA(pairs)))));
    }

    private static List<List<Pair>> strata(List<Cell> a, List<Cell> b, Mean mean) {
        List<Pair> pairs = new ArrayList<>();
        for (int i = 0; i < a.size(); i++) {
            pairs.add(new Pair(a.get(i), b.get(i)));
        }
        if (mean == Mean.POOLED) {
            return List.of(pairs);
        }
        Map<String, List<Pair>> groups = new TreeMap<>();
        pairs.forEach(pair -> groups.computeIfAbsent(pair.a().stratum(), name -> new ArrayList<>())
                .add(pair));
        // Where every stratum has a single row, rows are drawn from all of them.
        return groups.size() == pairs.size() ? List.of(pairs) : List.copyOf(groups.values());
    }

    private static List<Cell> ofA(List<Pair> pairs) {
        return pairs.stream().map(Pair::a).toList();
    }

    private static List<Cell> ofB(List<Pair> pairs) {
        return pairs.stream().map(Pair::b).toList();
    }

    private static Stratum stratum(List<Pair> pairs) {
        double[] a = Mean.moved(ofA(pairs));
        double[] b = Mean.moved(ofB(pairs));
        double[] moved = new double[a.length];
        for (int i = 0; i < a.length; i++) {
            moved[i] = b[i] - a[i];
        }
        return new Stratum(moved, Math.min(Mean.taking(ofA(pairs)), Mean.taking(ofB(pairs))));
    }

    /** The same in other units. */
    public Paired times(double factor) {
        return new Paired(a * factor, b * factor, difference.times(factor), rows, bootstrapP);
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
