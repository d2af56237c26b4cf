package candor.stats;

import org.apache.commons.statistics.distribution.BetaDistribution;
import org.apache.commons.statistics.distribution.TDistribution;

/**
 * The interval of a rate between 0 and 1 whose rows are not independent: Clopper and Pearson's, for as many independent rows as
 * would give the same error (Korn and Graubard 1998, with their correction for the degrees of freedom). It stays within 0 and
 * 1, and is no point where every row came out the same.
 */
public final class Proportion {
    private Proportion() {}

    /** Of a mean over seeds × rows. */
    public static Interval interval(Crossed rate, double level) {
        return interval(
                rate.mean(),
                rate.standardError(),
                rate.degrees(),
                rate.rows(),
                (double) rate.seeds() * rate.rows(),
                level);
    }

    /**
     * Of a rate with this error.
     *
     * @param degrees of freedom of the error
     * @param rows that are independent of one another
     * @param most values that there are: it is worth no more of them than that
     */
    static Interval interval(double rate, double standardError, double degrees, int rows, double most, double level) {
        if (Double.isNaN(rate)) {
            return Interval.UNKNOWN;
        }
        double p = Math.round(rate * 1e9) / 1e9; // a mean of ones may miss 1 by a rounding
        double tail = (1 - level) / 2;
        double n = rows;
        if (p > 0 && p < 1 && standardError > 0) {
            double ratio = quantile(Math.max(1, n - 1), 1 - tail) / quantile(degrees, 1 - tail);
            double independent = p * (1 - p) / (standardError * standardError);
            n = Math.min(independent * ratio * ratio, most);
        } else if (p > 0 && p < 1 && Double.isNaN(standardError)) {
            return Interval.UNKNOWN;
        }
        return clopperPearson(n * p, n, tail);
    }

    private static double quantile(double degrees, double p) {
        return TDistribution.of(degrees).inverseCumulativeProbability(p);
    }

    /** For x of n, neither of which need be whole. */
    static Interval clopperPearson(double x, double n, double tail) {
        double low = x <= 0 ? 0 : BetaDistribution.of(x, n - x + 1).inverseCumulativeProbability(tail);
        double high = x >= n ? 1 : BetaDistribution.of(x + 1, n - x).inverseCumulativeProbability(1 - tail);
        return new Interval(low, high);
    }
}
