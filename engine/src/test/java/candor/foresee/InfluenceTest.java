package candor.foresee;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class InfluenceTest {
    private static float[] normal(int length, long seed) {
        Random random = new Random(seed);
        float[] values = new float[length];
        for (int i = 0; i < length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    @Test
    void whatStepsAndCosinesAre() {
        Influence influence = new Influence(new float[] {3, 0, 4}, new float[] {2, 5, 0.5f}, null);
        influence.begin(2);
        influence.add(1, 0, new float[] {1, 1}, 2);
        influence.add(1, 2, new float[] {-2}, 1);
        Influence.Score score = influence.score(1);
        assertThat(score.gradientProduct()).isEqualTo(3 - 8);
        assertThat(score.stepProduct()).isEqualTo(6 - 4);
        assertThat(score.cosine()).isCloseTo(2 / (5 * Math.sqrt(4 + 25 + 1)), within(1e-12));
        assertThat(influence.score(0)).isEqualTo(new Influence.Score(0, 0, 0));
    }

    /** Adam's step for a constant gradient g is g / (|g| + ε): so is Γ g, after any number of steps. */
    @Test
    void stepsAreAdams() {
        float[] moments = {0.25f * (1 - 0.9f), 0};
        float[] steps = Influence.steps(moments, 0.9, 1, 1e-8);
        assertThat(steps[0]).isCloseTo(2, within(1e-5f));
        assertThat(steps[1]).isZero();
    }

    @Test
    void projectedScoresAreCloseToWholeOnes() {
        int length = 5_003;
        float[] probe = normal(length, 1);
        float[] gradient = normal(length, 2);
        for (int i = 0; i < length; i++) {
            gradient[i] += 0.5f * probe[i];
        }
        float[] steps = new float[length];
        Arrays.fill(steps, 1);
        Influence whole = new Influence(probe, steps, null);
        Influence projected = new Influence(probe, steps, new SignProjection(4096, 7));
        for (Influence each : new Influence[] {whole, projected}) {
            each.begin(1);
            // In pieces, as layers come.
            float[] tail = Arrays.copyOfRange(gradient, 2_000, length);
            each.add(0, 2_000, tail, tail.length);
            each.add(0, 0, gradient, 2_000);
        }
        double cosine = whole.score(0).cosine();
        assertThat(cosine).isBetween(0.4, 0.5);
        // The standard deviation is about 1 / √4096.
        assertThat(projected.score(0).cosine()).isCloseTo(cosine, within(4 / 64.0));
    }

    /** Without bias: the mean over seeds of a projected product is the product, and its variance what is promised. */
    @Test
    void projectionsKeepProductsOnTheAverage() {
        int width = 64;
        float[] x = normal(301, 3);
        float[] y = normal(301, 4);
        double product = 0;
        double xx = 0;
        double yy = 0;
        for (int i = 0; i < x.length; i++) {
            product += (double) x[i] * y[i];
            xx += (double) x[i] * x[i];
            yy += (double) y[i] * y[i];
        }
        int seeds = 2000;
        double sum = 0;
        double squares = 0;
        for (int seed = 0; seed < seeds; seed++) {
            SignProjection projection = new SignProjection(width, seed);
            double[] px = new double[width];
            double[] py = new double[width];
            projection.add(px, 0, x, x.length);
            projection.add(py, 0, y, y.length);
            double projected = 0;
            for (int k = 0; k < width; k++) {
                projected += px[k] * py[k];
            }
            sum += projected;
            squares += (projected - product) * (projected - product);
        }
        double bound = (xx * yy + product * product) / width;
        assertThat(sum / seeds).isCloseTo(product, within(4 * Math.sqrt(bound / seeds)));
        assertThat(squares / seeds).isBetween(0.7 * bound, 1.2 * bound);
    }
}
