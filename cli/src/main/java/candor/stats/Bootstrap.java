package candor.stats;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * The bootstrap over rows (Efron and Tibshirani, An Introduction to the Bootstrap, §13.3).
 *
 * @param resamples how many times the rows are drawn anew
 * @param seed of the draws; the same seed gives the same values
 */
public record Bootstrap(int resamples, long seed) {
    public static final Bootstrap DEFAULT = new Bootstrap(2000, 0);

    public Bootstrap {
        if (resamples < 2) {
            throw new IllegalArgumentException("resamples " + resamples);
        }
    }

    /** The statistic of every resample, without those that had no value. */
    <T> double[] statistics(List<List<T>> strata, ToDoubleFunction<List<T>> statistic) {
        Draws random = new Draws(seed);
        double[] values = new double[resamples];
        int n = 0;
        int rows = strata.stream().mapToInt(List::size).sum();
        List<T> drawn = new ArrayList<>(rows);
        for (int b = 0; b < resamples && rows > 0; b++) {
            drawn.clear();
            for (List<T> stratum : strata) {
                for (int i = 0; i < stratum.size(); i++) {
                    drawn.add(stratum.get(random.below(stratum.size())));
                }
            }
            double value = statistic.applyAsDouble(drawn);
            if (!Double.isNaN(value)) {
                values[n++] = value;
            }
        }
        return Arrays.copyOf(values, n);
    }
}
