package candor.bench;

import java.util.Arrays;

/**
 * The median of some measurements, with an interval that holds the true one at 95 % whatever the distribution is: between order
 * statistics, by the binomial distribution. Fewer than six say nothing at 95 %; then it goes from the smallest to the
 * largest, as it does up to eight.
 */
record Median(double value, double low, double high, int count) {
    private static final double TAIL = 0.025;

    static Median of(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int n = sorted.length;
        int cut = 0;
        double term = Math.pow(0.5, n);
        double below = term;
        while (below <= TAIL) {
            cut++;
            term *= (double) (n - cut + 1) / cut;
            below += term;
        }
        // The median lies below the k-th smallest with P(Bin(n, 1/2) < k), which stays within the tail up to k = cut.
        int first = Math.max(cut - 1, 0);
        double middle = n % 2 == 1 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
        return new Median(middle, sorted[first], sorted[n - 1 - first], n);
    }
}
