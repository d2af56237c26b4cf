package candor.evaluate.stats;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleFunction;
import org.apache.commons.math3.random.Well19937c;

/**
 * The percentile bootstrap over rows (Efron and Tibshirani, An Introduction to the Bootstrap, §13.3).
 *
 * @param resamples how many times the rows are drawn anew
 * @param seed of the draws; the same seed gives the same interval
 * @param level of the interval, such as 0.95
 */
public record Bootstrap(int resamples, long seed, double level) {
    public static final Bootstrap DEFAULT = new Bootstrap(2000, 0, 0.95);

    public Bootstrap {
        if (resamples < 2 || !(level > 0 && level < 1)) {
            throw new IllegalArgumentException("resamples " + resamples + ", level " + level);
        }
    }

    /** An interval; both ends are NaN where no resample had a value. */
    public record Interval(double low, double high) {}

    public Interval interval(List<Cell> cells, Mean mean) {
        return percentiles(statistics(mean.strata(cells), mean::of));
    }

    Interval percentiles(double[] sorted) {
        double tail = (1 - level) / 2;
        return new Interval(quantile(sorted, tail), quantile(sorted, 1 - tail));
    }

    /** The statistic of every resample, in ascending order, without those that had no value. */
    <T> double[] statistics(List<List<T>> strata, ToDoubleFunction<List<T>> statistic) {
        Well19937c random = new Well19937c(seed);
        double[] values = new double[resamples];
        int n = 0;
        int rows = strata.stream().mapToInt(List::size).sum();
        List<T> drawn = new ArrayList<>(rows);
        for (int b = 0; b < resamples && rows > 0; b++) {
            drawn.clear();
            for (List<T> stratum : strata) {
                for (int i = 0; i < stratum.size(); i++) {
                    drawn.add(stratum.get(random.nextInt(stratum.size())));
                }
            }
            double value = statistic.applyAsDouble(drawn);
            if (!Double.isNaN(value)) {
                values[n++] = value;
            }
        }
        double[] sorted = Arrays.copyOf(values, n);
        Arrays.sort(sorted);
        return sorted;
    }

    /** Linear interpolation between order statistics (type 7 of Hyndman and Fan 1996). */
    private static double quantile(double[] sorted, double p) {
        if (sorted.length == 0) {
            return Double.NaN;
        }
        double position = p * (sorted.length - 1);
        int below = (int) Math.floor(position);
        int above = Math.min(below + 1, sorted.length - 1);
        return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
    }
}
