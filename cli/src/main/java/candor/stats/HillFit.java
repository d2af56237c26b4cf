package candor.stats;

import java.util.Arrays;

/**
 * Least squares for {@link Hill} at given doses. Start and change enter linearly, so for each half dose and steepness of a grid
 * they are known in closed form; the best point of the grid wins, the first of equals. No start value, nothing that could fail
 * to converge, the same result everywhere. The grid is fine against what noise leaves of both parameters.
 */
public final class HillFit {
    private static final int HALVES = 61;
    private static final double[] STEEPNESS = {0.5, 0.63, 0.8, 1, 1.26, 1.6, 2, 2.5, 3.2, 4};

    private final double[] doses;
    private final double[] halves;
    private final double[] steepness;
    /** Effects at the doses, less their mean, for each point of the grid. */
    private final double[][] centred;

    private final double[] means;
    private final double[] norms;

    /**
     * Prepares the grid: half doses from a quarter of the smallest dose above zero to twice the largest.
     *
     * @param doses of which at least three are different; with three the steepness is 1, or there would be no doubt left
     */
    public HillFit(double[] doses) {
        this.doses = doses.clone();
        long different = Arrays.stream(doses).distinct().count();
        if (different < 3) {
            throw new IllegalArgumentException("a curve needs three doses, there are " + different);
        }
        steepness = different == 3 ? new double[] {1} : STEEPNESS;
        double low = Arrays.stream(doses).filter(d -> d > 0).min().orElseThrow() / 4;
        double high = Arrays.stream(doses).max().orElseThrow() * 2;
        halves = new double[HALVES];
        for (int i = 0; i < HALVES; i++) {
            halves[i] = low * Math.pow(high / low, i / (HALVES - 1.0));
        }
        int points = HALVES * steepness.length;
        centred = new double[points][doses.length];
        means = new double[points];
        norms = new double[points];
        for (int g = 0; g < points; g++) {
            for (int j = 0; j < doses.length; j++) {
                centred[g][j] = Hill.effect(doses[j], half(g), steep(g));
                means[g] += centred[g][j] / doses.length;
            }
            for (int j = 0; j < doses.length; j++) {
                centred[g][j] -= means[g];
                norms[g] += centred[g][j] * centred[g][j];
            }
        }
    }

    private double half(int point) {
        return halves[point / steepness.length];
    }

    private double steep(int point) {
        return steepness[point % steepness.length];
    }

    /** The curve nearest to the values, one for each dose. */
    public Hill fit(double[] values) {
        if (values.length != doses.length) {
            throw new IllegalArgumentException(values.length + " values at " + doses.length + " doses");
        }
        double mean = Arrays.stream(values).average().orElseThrow();
        int best = 0;
        double bestGain = -1;
        double bestSlope = 0;
        for (int g = 0; g < centred.length; g++) {
            double product = 0;
            for (int j = 0; j < values.length; j++) {
                product += centred[g][j] * values[j];
            }
            double gain = product * product / norms[g];
            if (gain > bestGain) {
                bestGain = gain;
                best = g;
                bestSlope = product / norms[g];
            }
        }
        return new Hill(mean - bestSlope * means[best], bestSlope, half(best), steep(best));
    }
}
