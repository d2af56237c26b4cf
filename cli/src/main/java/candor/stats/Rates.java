package candor.stats;

import java.util.Arrays;

/**
 * Rates of one arm: outcomes {@code [seed][row]}, NaN where a row has no part in the rate under that seed. The arm's rate is the
 * mean over seeds of each seed's mean over its rows.
 */
public record Rates(double[][] outcomes) {
    /** Each seed's own mean; NaN where it has no rows. */
    public double[] bySeed() {
        return Arrays.stream(outcomes)
                .mapToDouble(row -> Arrays.stream(row)
                        .filter(v -> !Double.isNaN(v))
                        .average()
                        .orElse(Double.NaN))
                .toArray();
    }

    /** The rate. */
    public double value() {
        return Arrays.stream(bySeed()).average().orElse(Double.NaN);
    }

    /** How many rows have a value under any seed. */
    public int rows() {
        int rows = 0;
        for (int r = 0; outcomes.length > 0 && r < outcomes[0].length; r++) {
            int row = r;
            rows += Arrays.stream(outcomes).anyMatch(seed -> !Double.isNaN(seed[row])) ? 1 : 0;
        }
        return rows;
    }

    /**
     * A full table with the same means, whose spread is that of the rates: a rate with missing rows is a ratio, and each row
     * stands in by what it moves it (Cochran, Sampling Techniques, §6). Without missing rows these are the outcomes.
     */
    public double[][] table() {
        double[] means = bySeed();
        double[][] table = new double[outcomes.length][];
        for (int s = 0; s < outcomes.length; s++) {
            double mean = means[s];
            int rows = outcomes[s].length;
            double weight = rows
                    / (double) Arrays.stream(outcomes[s])
                            .filter(v -> !Double.isNaN(v))
                            .count();
            table[s] = Arrays.stream(outcomes[s])
                    .map(v -> Double.isNaN(v) ? mean : mean + weight * (v - mean))
                    .toArray();
        }
        return table;
    }

    /** Σ weight · arm, seed by seed and row by row: a difference of two arms has the weights −1 and 1. */
    public static double[][] combine(double[] weights, Rates... arms) {
        double[][] sum = null;
        for (int a = 0; a < arms.length; a++) {
            double[][] table = arms[a].table();
            if (sum == null) {
                sum = new double[table.length][table.length == 0 ? 0 : table[0].length];
            }
            for (int s = 0; s < sum.length; s++) {
                for (int r = 0; r < sum[s].length; r++) {
                    sum[s][r] += weights[a] * table[s][r];
                }
            }
        }
        return sum;
    }
}
