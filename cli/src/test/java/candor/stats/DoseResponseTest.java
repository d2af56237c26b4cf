package candor.stats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class DoseResponseTest {
    private static final double[] DOSES = {0, 0.01, 0.05, 0.1, 0.2, 0.5};

    @Test
    void theCurveIsHills() {
        Hill hill = new Hill(0.8, -0.4, 0.1, 2);
        assertThat(hill.at(0)).isEqualTo(0.8);
        assertThat(hill.at(0.1)).isCloseTo(0.6, within(1e-12));
        assertThat(hill.at(0.3)).isCloseTo(0.8 - 0.4 * 0.9, within(1e-12));
        assertThat(hill.doseOf(-0.2)).isCloseTo(0.1, within(1e-12));
        assertThat(hill.at(hill.doseOf(-0.37))).isCloseTo(0.43, within(1e-12));
        assertThat(hill.doseOf(-0.5)).isInfinite();
    }

    @Test
    void aCurveOfTheGridIsFoundExactly() {
        HillFit fit = new HillFit(DOSES);
        // The grid's middle: the mean of its ends' logarithms.
        Hill planted = new Hill(0.7, -0.3, Math.sqrt(0.0025 * 1.0), 1.6);
        Hill found = fit.fit(Arrays.stream(DOSES).map(planted::at).toArray());
        assertThat(found.half()).isCloseTo(planted.half(), within(1e-9));
        assertThat(found.steepness()).isEqualTo(1.6);
        assertThat(found.start()).isCloseTo(0.7, within(1e-9));
        assertThat(found.change()).isCloseTo(-0.3, within(1e-9));
    }

    /** No curve of the family, drawn at random, comes nearer to noisy values than the fitted one, but for the grid's width. */
    @Test
    void theFitIsTheNearestCurve() {
        SplittableRandom random = new SplittableRandom(3);
        HillFit fit = new HillFit(DOSES);
        for (int k = 0; k < 20; k++) {
            double[] values = random.doubles(DOSES.length, 0.3, 0.9).toArray();
            double best = squares(fit.fit(values), values);
            for (int c = 0; c < 2000; c++) {
                Hill other = new Hill(
                        random.nextDouble(0.2, 1),
                        random.nextDouble(-0.8, 0.8),
                        Math.exp(random.nextDouble(Math.log(0.0025), 0)),
                        random.nextDouble(0.5, 4));
                assertThat(squares(other, values)).isGreaterThan(best - 1e-3);
            }
        }
    }

    private static double squares(Hill hill, double[] values) {
        double sum = 0;
        for (int j = 0; j < DOSES.length; j++) {
            sum += Math.pow(hill.at(DOSES[j]) - values[j], 2);
        }
        return sum;
    }

    @Test
    void aCurveNeedsDoses() {
        assertThatThrownBy(() -> new HillFit(new double[] {0, 0.1, 0.1})).isInstanceOf(IllegalArgumentException.class);
        assertThat(new HillFit(new double[] {0, 0.1, 0.5})
                        .fit(new double[] {1, 0.5, 0.4})
                        .steepness())
                .isEqualTo(1);
    }

    private static Rates[] world(Hill truth, int seeds, int rows, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        double[] hardness = random.doubles(rows, -0.15, 0.15).toArray();
        return Arrays.stream(DOSES)
                .mapToObj(dose -> {
                    double[][] outcomes = new double[seeds][rows];
                    for (double[] row : outcomes) {
                        for (int r = 0; r < rows; r++) {
                            row[r] = random.nextDouble() < truth.at(dose) + hardness[r] ? 1 : 0;
                        }
                    }
                    return new Rates(outcomes);
                })
                .toArray(Rates[]::new);
    }

    private static DoseResponse response(Rates[] arms, boolean falling) {
        return DoseResponse.of(DOSES, arms, TrainingLuck.of(List.of(arms)), falling, 0.95);
    }

    @Test
    void aPlantedDropIsFoundWhereItWasPlanted() {
        // Moved by 0.1 at a dose of 0.058.
        Hill truth = new Hill(0.7, -0.4, 0.1, 2);
        int inside = 0;
        for (int w = 0; w < 10; w++) {
            DoseResponse response = response(world(truth, 4, 150, w), true);
            double wanted = truth.doseOf(-response.margin());
            assertThat(response.reached()).isGreaterThan(0.99);
            assertThat(response.interval().low())
                    .isLessThanOrEqualTo(response.interval().high());
            assertThat(response.margin()).isBetween(0.03, 0.2);
            inside += response.interval().low() <= wanted
                            && wanted <= response.interval().high()
                    ? 1
                    : 0;
        }
        assertThat(inside).isBetween(7, 10);
    }

    @Test
    void withoutADropThereIsNoThreshold() {
        int found = 0;
        for (int w = 0; w < 20; w++) {
            DoseResponse response = response(world(new Hill(0.6, 0, 0.1, 1), 3, 100, 50 + w), true);
            assertThat(response.interval().high()).isInfinite();
            found += Double.isFinite(response.threshold()) ? 1 : 0;
        }
        assertThat(found).isLessThanOrEqualTo(3);
    }

    @Test
    void aRiseIsNoDrop() {
        Rates[] arms = world(new Hill(0.3, 0.4, 0.05, 1), 3, 100, 1);
        assertThat(response(arms, true).threshold()).isInfinite();
        assertThat(response(arms, false).threshold()).isBetween(0.001, 0.1);
    }

    @Test
    void theBandHoldsTheCurveAndIsRepeatable() {
        Rates[] arms = world(new Hill(0.7, -0.4, 0.1, 2), 3, 60, 5);
        DoseResponse response = response(arms, true);
        for (double dose : new double[] {0, 0.01, 0.03, 0.2, 0.5}) {
            Interval band = response.band(dose, 0.95);
            assertThat(response.curve().at(dose)).isBetween(band.low(), band.high());
        }
        DoseResponse again = response(arms, true);
        assertThat(again.band(0.07, 0.95)).isEqualTo(response.band(0.07, 0.95));
        assertThat(again.interval()).isEqualTo(response.interval());
    }
}
