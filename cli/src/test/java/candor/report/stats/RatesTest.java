package candor.report.stats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import candor.evaluate.stats.Cell;
import candor.evaluate.stats.Mean;
import java.util.List;
import org.junit.jupiter.api.Test;

class RatesTest {
    private static final double NO = Double.NaN;

    @Test
    void aRateIsTheMeanOfItsSeeds() {
        Rates rates = new Rates(new double[][] {{1, 0, NO, NO}, {1, 1, 1, 0}});
        assertThat(rates.bySeed()).containsExactly(0.5, 0.75);
        assertThat(rates.value()).isEqualTo(0.625);
        assertThat(new Rates(new double[][] {{NO}}).value()).isNaN();
    }

    @Test
    void fullOutcomesAreTheirOwnTable() {
        double[][] outcomes = {{1, 0, 1}, {0, 0, 1}};
        assertThat(new Rates(outcomes).table()).isDeepEqualTo(outcomes);
    }

    /** The error of a ratio over rows, as evaluation has it: a missing row is a row drawn, and brings no value. */
    @Test
    void missingRowsAreLinearised() {
        double[] row = {1, 0, NO, 1, 1, NO, 0, 1};
        List<Cell> cells = java.util.Arrays.stream(row)
                .mapToObj(v -> Double.isNaN(v) ? Cell.NONE : Cell.of(v))
                .toList();
        Crossed crossed = Crossed.of(new Rates(new double[][] {row}).table());
        assertThat(crossed.mean()).isCloseTo(4 / 6.0, within(1e-12));
        // There the divisor is the rows with a value less one, here all rows less one: both are right to that order.
        double evaluation = Mean.POOLED.standardError(cells) / Math.sqrt(6 / 5.0);
        assertThat(crossed.standardError() / Math.sqrt(8 / 7.0)).isCloseTo(evaluation, within(1e-12));
    }

    @Test
    void aDifferenceIsTakenRowByRow() {
        Rates a = new Rates(new double[][] {{1, 0}, {0, 0}});
        Rates b = new Rates(new double[][] {{0, 1}, {0, 1}});
        assertThat(Rates.combine(new double[] {-1, 1}, a, b)).isDeepEqualTo(new double[][] {{-1, 1}, {0, 1}});
    }
}
