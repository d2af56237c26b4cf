package candor.stats;

import java.util.List;

/**
 * The error of a mean of strata's ratios of sums, or of a difference of two such means, over rows drawn at random in each stratum:
 * each row stands in by what it moves the ratio (Cochran, Sampling Techniques, §6). Rows are the independent units; the values
 * of one row under several seeds are not.
 *
 * @param degrees of freedom: rows that have a part, less one for each stratum
 */
record Linearised(double standardError, double degrees) {
    /**
     * A stratum's rows.
     *
     * @param moved what each moves the stratum's mean by
     * @param rows how many of them have a part; in a difference, of the side that has fewest
     */
    record Stratum(double[] moved, int rows) {
        private double squares() {
            double squares = 0;
            for (double each : moved) {
                squares += each * each;
            }
            return squares;
        }

        /** Of the stratum's mean; NaN for a single row. */
        private double variance() {
            return rows < 2 ? Double.NaN : squares() * rows / (rows - 1);
        }
    }

    /** Strata weigh the same. One with a single row takes the variance of a row that the others have. */
    static Linearised of(List<Stratum> strata) {
        double ofRows = 0;
        int degrees = 0;
        for (Stratum stratum : strata) {
            if (stratum.rows() > 1) {
                ofRows += (stratum.rows() - 1) * stratum.variance() * stratum.rows();
                degrees += stratum.rows() - 1;
            }
        }
        if (degrees == 0) {
            return new Linearised(Double.NaN, Double.NaN);
        }
        double variance = 0;
        for (Stratum stratum : strata) {
            variance += stratum.rows() > 1 ? stratum.variance() : ofRows / degrees / Math.max(1, stratum.rows());
        }
        return new Linearised(Math.sqrt(variance) / strata.size(), degrees);
    }
}
