package candor.stats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

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

    /** The error of a ratio over rows, as evaluation has it: a row without a value is worth no degree of freedom. */
    @Test
    void missingRowsAreLinearised() {
        double[] row = {1, 0, NO, 1, 1, NO, 0, 1};
        List<Cell> cells = java.util.Arrays.stream(row)
                .mapToObj(v -> Double.isNaN(v) ? Cell.NONE : Cell.of(v))
                .toList();
        Crossed crossed = Crossed.ofArm(new Rates(new double[][] {row}), TrainingLuck.UNKNOWN);
        assertThat(crossed.mean()).isCloseTo(4 / 6.0, within(1e-12));
        assertThat(crossed.standardError()).isCloseTo(Mean.POOLED.standardError(cells), within(1e-12));
        assertThat(crossed.degrees()).isEqualTo(5);
        assertThat(crossed.rows()).isEqualTo(6);
    }

    @Test
    void aDifferenceIsTakenRowByRow() {
        Rates a = new Rates(new double[][] {{1, 0}, {0, 0}});
        Rates b = new Rates(new double[][] {{0, 1}, {0, 1}});
        assertThat(Rates.combine(new double[] {-1, 1}, a, b)).isDeepEqualTo(new double[][] {{-1, 1}, {0, 1}});
    }
}
