package candor.stats;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * How a rate moves with a dose: the fitted curve, its band, and the smallest dose with a move that such a study can tell from
 * none.
 *
 * <p>Uncertainty is that of the crossed bootstrap (Owen 2007, "The pigeonhole bootstrap"): seeds and rows are drawn anew, each on
 * their own and for all doses together, and the curve is fitted again. With few seeds it is rough, and rather too narrow.
 *
 * @param curve fitted to the rates themselves
 * @param margin the move that is taken as told from none: the margin of error of a dose's difference to dose 0, the
 *     median over the doses
 * @param threshold the dose at which the curve has moved by the margin in the direction asked for; infinite where it does not
 *     within the doses that there are
 * @param interval of the threshold; its high end is infinite where the curves of more than the upper tail do not get there
 * @param reached the share of drawn curves that get there
 */
public record DoseResponse(
        Hill curve,
        double margin,
        double threshold,
        Interval interval,
        double reached,
        double largestDose,
        Hill[] drawn) {
    private static final int DRAWS = 2000;

    /**
     * Fits.
     *
     * @param doses of the arms, the first 0
     * @param arms outcomes with the same seeds and rows
     * @param falling whether a fall is asked for, otherwise a rise
     */
    public static DoseResponse of(double[] doses, Rates[] arms, TrainingLuck luck, boolean falling, double level) {
        HillFit fit = new HillFit(doses);
        double margin = margin(arms, luck, level);
        double largest = Arrays.stream(doses).max().orElseThrow();
        double signed = falling ? -margin : margin;
        Hill curve = fit.fit(Arrays.stream(arms).mapToDouble(Rates::value).toArray());
        Draws random = new Draws(0);
        List<Hill> drawn = new ArrayList<>();
        int seeds = arms[0].outcomes().length;
        int rows = arms[0].outcomes()[0].length;
        for (int b = 0; b < DRAWS; b++) {
            int[] seedDraw = draws(seeds, seeds, random);
            int[] rowCounts = counts(rows, random);
            double[] rates = Arrays.stream(arms)
                    .mapToDouble(arm -> drawnRate(arm, seedDraw, rowCounts))
                    .toArray();
            // A draw in which an arm has no row with a part in the rate says nothing of the rate.
            if (Arrays.stream(rates).noneMatch(Double::isNaN)) {
                drawn.add(fit.fit(rates));
            }
        }
        double[] thresholds = drawn.stream()
                .mapToDouble(hill -> threshold(hill, signed, largest))
                .sorted()
                .toArray();
        double tail = (1 - level) / 2;
        return new DoseResponse(
                curve,
                margin,
                threshold(curve, signed, largest),
                new Interval(at(thresholds, tail), at(thresholds, 1 - tail)),
                Arrays.stream(thresholds).filter(Double::isFinite).count() / (double) thresholds.length,
                largest,
                drawn.toArray(Hill[]::new));
    }

    private static double margin(Rates[] arms, TrainingLuck luck, double level) {
        double[] weights = {-1, 1};
        double[] margins = Arrays.stream(arms, 1, arms.length)
                .mapToDouble(
                        arm -> Crossed.ofContrast(weights, luck, arms[0], arm).margin(level))
                .sorted()
                .toArray();
        return margins[margins.length / 2];
    }

    private static double threshold(Hill curve, double signed, double largest) {
        double dose = curve.change() * signed > 0 ? curve.doseOf(signed) : Double.POSITIVE_INFINITY;
        return dose > largest ? Double.POSITIVE_INFINITY : dose;
    }

    /** An order statistic, not a mix of two: one of them may be infinite. */
    private static double at(double[] sorted, double p) {
        return sorted.length == 0
                ? Double.NaN
                : sorted[Math.clamp(Math.round(p * (sorted.length - 1)), 0, sorted.length - 1)];
    }

    private static int[] draws(int n, int of, Draws random) {
        int[] drawn = new int[n];
        for (int i = 0; i < n; i++) {
            drawn[i] = random.below(of);
        }
        return drawn;
    }

    private static int[] counts(int rows, Draws random) {
        int[] counts = new int[rows];
        for (int i = 0; i < rows; i++) {
            counts[random.below(rows)]++;
        }
        return counts;
    }

    /** NaN where no drawn row of any drawn seed has a part; a seed without one is left out. */
    private static double drawnRate(Rates arm, int[] seeds, int[] rowCounts) {
        double mean = 0;
        int having = 0;
        for (int s : seeds) {
            double sum = 0;
            long n = 0;
            double[] outcomes = arm.outcomes()[s];
            for (int r = 0; r < outcomes.length; r++) {
                if (rowCounts[r] > 0 && !Double.isNaN(outcomes[r])) {
                    sum += rowCounts[r] * outcomes[r];
                    n += rowCounts[r];
                }
            }
            if (n > 0) {
                mean += sum / n;
                having++;
            }
        }
        return mean / having;
    }

    /** The band of the drawn curves at a dose. */
    public Interval band(double dose, double level) {
        double[] values =
                Arrays.stream(drawn).mapToDouble(hill -> hill.at(dose)).sorted().toArray();
        double tail = (1 - level) / 2;
        return new Interval(at(values, tail), at(values, 1 - tail));
    }
}
