package candor.report.stats;

import org.apache.commons.statistics.distribution.BetaDistribution;
import org.apache.commons.statistics.distribution.TDistribution;

/**
 * The interval of a rate between 0 and 1 whose rows are not independent: Clopper and Pearson's, for as many independent rows as
 * would give the same error (Korn and Graubard 1998, with their correction for the degrees of freedom). It stays within 0 and
 * 1, and is no point where every row came out the same.
 */
public final class Proportion {
    private Proportion() {}

    public static Interval interval(Crossed rate, double level) {
        if (Double.isNaN(rate.mean())) {
            return Interval.UNKNOWN;
        }
        double p = Math.round(rate.mean() * 1e9) / 1e9; // a mean of ones may miss 1 by a rounding
        double tail = (1 - level) / 2;
        double n = rate.rows();
        if (p > 0 && p < 1 && rate.standardError() > 0) {
            double ratio = TDistribution.of(Math.max(1, n - 1)).inverseCumulativeProbability(1 - tail)
                    / rate.quantile(1 - tail);
            double independent = p * (1 - p) / (rate.standardError() * rate.standardError());
            n = Math.min(independent * ratio * ratio, (double) rate.seeds() * rate.rows());
        } else if (p > 0 && p < 1 && Double.isNaN(rate.standardError())) {
            return Interval.UNKNOWN;
        }
        return clopperPearson(n * p, n, tail);
    }

    /** For x of n, neither of which need be whole. */
    static Interval clopperPearson(double x, double n, double tail) {
        double low = x <= 0 ? 0 : BetaDistribution.of(x, n - x + 1).inverseCumulativeProbability(tail);
        double high = x >= n ? 1 : BetaDistribution.of(x + 1, n - x).inverseCumulativeProbability(1 - tail);
        return new Interval(low, high);
    }
}
