package candor.stats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class SmallTestsTest {
    /** Clopper and Pearson's published values. */
    @Test
    void exactIntervals() {
        Interval none = Proportion.clopperPearson(0, 10, 0.025);
        assertThat(none.low()).isZero();
        assertThat(none.high()).isCloseTo(0.3085, within(5e-5));
        Interval some = Proportion.clopperPearson(8, 10, 0.025);
        assertThat(some.low()).isCloseTo(0.4439, within(5e-5));
        assertThat(some.high()).isCloseTo(0.9748, within(5e-5));
    }

    @Test
    void anIntervalOfARateStaysInBoundsAndIsNoPoint() {
        Interval all = Proportion.interval(Crossed.of(new double[][] {{1, 1, 1, 1, 1}, {1, 1, 1, 1, 1}}), 0.95);
        assertThat(all.high()).isEqualTo(1);
        assertThat(all.low()).isCloseTo(Math.pow(0.025, 1 / 5.0), within(1e-9));
        Interval nearly = Proportion.interval(Crossed.of(new double[][] {{1, 1, 1, 1, 0}, {1, 1, 1, 1, 1}}), 0.95);
        assertThat(nearly.high()).isLessThanOrEqualTo(1);
        assertThat(nearly.low()).isBetween(0.0, 0.9);
        assertThat(Proportion.interval(Crossed.of(new double[][] {{0.5}}), 0.95))
                .isEqualTo(Interval.UNKNOWN);
        // A mean of ones that rounding has moved above 1.
        Interval rounded = Proportion.interval(new Crossed(1 + 2e-16, 0.01, 4, 3, 5), 0.95);
        assertThat(rounded.high()).isEqualTo(1);
        assertThat(rounded.low()).isCloseTo(all.low(), within(1e-9));
    }

    /** Rows that repeat under every seed are worth no more than once. */
    @Test
    void anIntervalKnowsHowManyRowsAreIndependent() {
        double[] rows = new double[100];
        Arrays.fill(rows, 0, 40, 1);
        Interval once = Proportion.interval(Crossed.of(new double[][] {rows}), 0.95);
        Interval thrice = Proportion.interval(Crossed.of(new double[][] {rows, rows, rows}), 0.95);
        assertThat(thrice.low()).isCloseTo(once.low(), within(1e-9));
        Interval exact = Proportion.clopperPearson(39.6, 99, 0.025);
        assertThat(once.low()).isCloseTo(exact.low(), within(1e-9));
        assertThat(once.high()).isCloseTo(exact.high(), within(1e-9));
    }

    /** The example of Holm's procedure in most textbooks. */
    @Test
    void holm() {
        assertThat(Holm.correct(new double[] {0.01, 0.04, 0.03, 0.005}))
                .usingComparatorWithPrecision(1e-12)
                .containsExactly(0.03, 0.06, 0.06, 0.02);
        double[] corrected = Holm.correct(new double[] {0.6, Double.NaN, 0.02});
        assertThat(corrected[0]).isEqualTo(0.6);
        assertThat(corrected[1]).isNaN();
        assertThat(corrected[2]).isEqualTo(0.04);
        assertThat(Holm.correct(new double[] {0.7, 0.9})).containsExactly(1, 1);
    }

    @Test
    void allSigns() {
        assertThat(SignFlip.p(new double[] {1, 1, 1, 1, 1})).isEqualTo(2 / 32.0);
        assertThat(SignFlip.p(new double[] {1, 2, -3})).isEqualTo(1);
        assertThat(SignFlip.p(new double[] {3, 1, 0, 0})).isEqualTo(0.5);
        assertThat(SignFlip.p(new double[] {0, 0})).isEqualTo(1);
        assertThat(SignFlip.p(new double[0])).isNaN();
    }

    /** On yes and no it is McNemar's exact test; the draws come near it. */
    @Test
    void drawnSigns() {
        double[] d = new double[60];
        Arrays.fill(d, 0, 20, 1);
        Arrays.fill(d, 20, 29, -1);
        double exact = new McNemar(0, 20, 9, 31).exactP();
        assertThat(SignFlip.p(d)).isCloseTo(exact, within(0.01)).isEqualTo(SignFlip.p(d));
        Arrays.fill(d, 20, 29, 1);
        assertThat(SignFlip.p(d)).isEqualTo(1 / 10000.0);
    }
}
