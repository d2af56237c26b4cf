package candor.stats;

import org.apache.commons.statistics.distribution.TDistribution;

/**
 * A difference of rates, or a trend over them, with what it is worth: Student's interval and test.
 *
 * @param standardError NaN where it cannot be known
 * @param degrees of freedom of the error
 * @param rows that speak of it: those of the side that has fewest
 * @param p two-sided, that there is no difference; NaN where the error cannot be known
 */
public record Contrast(double value, double standardError, double degrees, int rows, Interval interval, double p) {
    /**
     * Judges a difference by its error. Where no two rows differ there is no error to divide by; then the interval is the largest
     * share of rows that could have moved unseen (the "rule of three", exactly), and the test is the sign test over rows.
     *
     * @param reach the most that it could be: 1 for a difference of two rates
     */
    static Contrast of(double value, double standardError, double degrees, int rows, double reach, double level) {
        if (Double.isNaN(standardError) || !(degrees > 0)) {
            return new Contrast(value, Double.NaN, degrees, rows, Interval.UNKNOWN, Double.NaN);
        }
        double tail = (1 - level) / 2;
        TDistribution t = TDistribution.of(degrees);
        double margin = standardError == 0
                ? reach * (1 - Math.pow(tail, 1.0 / rows))
                : standardError * t.inverseCumulativeProbability(1 - tail);
        double p = value == 0
                ? 1
                : standardError == 0
                        ? Math.min(1, 2 * Math.pow(0.5, rows))
                        : 2 * t.cumulativeProbability(-Math.abs(value) / standardError);
        return new Contrast(
                value,
                standardError,
                degrees,
                rows,
                new Interval(Math.max(-reach, value - margin), Math.min(reach, value + margin)),
                p);
    }

    /**
     * What to add to the variance of a difference for a side that is 0 or 1: its rows show no spread, though another row might have
     * been the first to differ. Agresti and Caffo (2000): one row of each kind more.
     */
    static double unseen(double rate, int rows) {
        if (rate > 1e-9 && rate < 1 - 1e-9) {
            return 0;
        }
        double p = 1.0 / (rows + 2);
        return p * (1 - p) / (rows + 2);
    }

    /** The same in other units. */
    public Contrast times(double factor) {
        return new Contrast(value * factor, standardError * factor, degrees, rows, interval.times(factor), p);
    }
}
