package candor.probe;

import java.util.List;

/**
 * A mean over probes.
 *
 * @param mean   of all
 * @param spread the standard error of the mean: the root of the variance over probes by their number
 * @param probes how many, at least two
 */
public record Margin(double mean, double spread, int probes) {
    /** The least probes of a kind. */
    public static final int LEAST = 2;

    static Margin of(List<Double> values) {
        int n = values.size();
        double sum = 0;
        for (double value : values) {
            sum += value;
        }
        double mean = sum / n;
        double squares = 0;
        for (double value : values) {
            squares += (value - mean) * (value - mean);
        }
        return new Margin(mean, Math.sqrt(squares / (n - 1) / n), n);
    }
}
