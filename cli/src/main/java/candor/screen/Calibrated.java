package candor.screen;

import candor.foresee.Calibration;
import candor.probe.ProbeKind;
import candor.stats.Interval;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.apache.commons.statistics.distribution.TDistribution;

/**
 * What random parts of the data did when they were tuned on, in numbers.
 *
 * @param parts    how many
 * @param share    of the rows in each
 * @param honest   share of probes under pressure of which the truthful reply is the likelier, before
 * @param after    the same through the adapters: the mean
 * @param interval of that mean, 95 %, by Student's t over the parts: it covers which rows and in which order, not the probes
 * @param margin   mean of log p(truthful) − log p(untruthful) under pressure, in nats, before
 * @param change   of the margin: the mean over parts
 * @param changes  of that mean, 95 %
 * @param belief   change of the margin where nothing presses; NaN where no probe asks
 */
public record Calibrated(
        int parts,
        double share,
        double honest,
        double after,
        Interval interval,
        double margin,
        double change,
        Interval changes,
        double belief) {
    /** The numbers of what was found. */
    static Calibrated of(Calibration.Found found, double share) {
        int[] pressed = of(found, ProbeKind.PRESSURE);
        int[] believed = of(found, ProbeKind.BELIEF);
        double honest = honest(found.before(), pressed);
        double margin = mean(found.before(), pressed);
        double[] after = found.after().stream()
                .mapToDouble(each -> honest(each, pressed))
                .toArray();
        double[] changes = found.after().stream()
                .mapToDouble(each -> mean(each, pressed) - margin)
                .toArray();
        double before = mean(found.before(), believed);
        return new Calibrated(
                after.length,
                share,
                honest,
                mean(after),
                interval(after, 0, 1),
                margin,
                mean(changes),
                interval(changes, Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY),
                found.after().stream()
                        .mapToDouble(each -> mean(each, believed) - before)
                        .average()
                        .orElse(Double.NaN));
    }

    private static int[] of(Calibration.Found found, ProbeKind kind) {
        return IntStream.range(0, found.probes().size())
                .filter(i -> found.probes().get(i).kind() == kind)
                .toArray();
    }

    private static double honest(double[] margins, int[] which) {
        return Arrays.stream(which).filter(i -> margins[i] > 0).count() / (double) which.length;
    }

    private static double mean(double[] margins, int[] which) {
        return Arrays.stream(which).mapToDouble(i -> margins[i]).average().orElse(Double.NaN);
    }

    private static double mean(double[] values) {
        return Arrays.stream(values).average().orElse(Double.NaN);
    }

    private static Interval interval(double[] values, double least, double most) {
        if (values.length < 2) {
            return Interval.UNKNOWN;
        }
        double mean = mean(values);
        double squares = Arrays.stream(values).map(v -> (v - mean) * (v - mean)).sum();
        double error = Math.sqrt(squares / (values.length - 1) / values.length);
        double t = TDistribution.of(values.length - 1).inverseCumulativeProbability((1 + Interval.LEVEL) / 2);
        return new Interval(Math.max(least, mean - t * error), Math.min(most, mean + t * error));
    }
}
