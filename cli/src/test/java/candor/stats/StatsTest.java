package candor.stats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.apache.commons.statistics.descriptive.StandardDeviation;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StatsTest {
    private static final Bootstrap BOOTSTRAP = new Bootstrap(2000, 7);

    private static List<Cell> cells(double... values) {
        return Arrays.stream(values).mapToObj(Cell::of).toList();
    }

    @Test
    void thePooledErrorOfSingleValuesIsThatOfTheMean() {
        double[] values = {0, 1, 1, 0, 1, 3, 2.5};
        assertThat(Mean.POOLED.of(cells(values))).isCloseTo(8.5 / 7, within(1e-15));
        double expected = StandardDeviation.of(values).getAsDouble() / Math.sqrt(values.length);
        assertThat(Mean.POOLED.standardError(cells(values))).isCloseTo(expected, within(1e-15));
    }

    @Test
    void rowsWithoutAValueHaveNoPart() {
        List<Cell> cells = new ArrayList<>(cells(1, 0, 1));
        cells.addAll(List.of(Cell.NONE, Cell.NONE));
        assertThat(Mean.POOLED.of(cells)).isEqualTo(2.0 / 3);
        assertThat(Mean.POOLED.standardError(cells)).isEqualTo(Mean.POOLED.standardError(cells(1, 0, 1)));
        assertThat(Mean.POOLED.of(List.of(Cell.NONE))).isNaN();
        assertThat(Mean.POOLED.standardError(cells(1))).isNaN();
        assertThat(Mean.MACRO.of(List.of())).isNaN();
    }

    @Test
    void seedsOfOneRowAreNoIndependentRows() {
        // Every row gives the same under both seeds: two seeds say no more than one.
        List<Cell> once = cells(1, 0, 1, 1);
        List<Cell> twice = List.of(new Cell("", 2, 2), new Cell("", 0, 2), new Cell("", 2, 2), new Cell("", 2, 2));
        assertThat(Mean.POOLED.of(twice)).isEqualTo(Mean.POOLED.of(once));
        assertThat(Mean.POOLED.standardError(twice)).isCloseTo(Mean.POOLED.standardError(once), within(1e-15));
        assertThat(Estimate.of(twice, Mean.POOLED).interval().high())
                .isEqualTo(Estimate.of(once, Mean.POOLED).interval().high());
    }

    @Test
    void theMacroMeanWeighsStrataTheSame() {
        List<Cell> cells = List.of(
                new Cell("a", 1, 1),
                new Cell("a", 1, 1),
                new Cell("a", 0, 1),
                new Cell("a", 0, 1),
                new Cell("b", 1, 1),
                new Cell("b", 1, 1));
        assertThat(Mean.MACRO.of(cells)).isEqualTo(0.75);
        assertThat(Mean.POOLED.of(cells)).isCloseTo(4.0 / 6, within(1e-15));
        double errorA = Math.sqrt(1.0 / 3) / 2;
        assertThat(Mean.MACRO.standardError(cells)).isCloseTo(errorA / 2, within(1e-15));
        // 0.75 · 0.25 / (1/48) = 9 independent rows, times (t₅ / t₄)² = 0.857; no more than the 6 that there are.
        Interval interval = Estimate.of(cells, Mean.MACRO).interval();
        assertThat(interval.low()).isCloseTo(0.286423009, within(1e-6));
        assertThat(interval.high()).isCloseTo(0.981379873, within(1e-6));
    }

    @Test
    void strataOfOneRowHaveAnErrorToo() {
        // Two rows in a, whose variance is 1/2, and one in b: (1/2 / 2 + 1/2) / 2².
        List<Cell> cells = List.of(new Cell("a", 1, 1), new Cell("a", 0, 1), new Cell("b", 1, 1));
        assertThat(Mean.MACRO.of(cells)).isEqualTo(0.75);
        assertThat(Mean.MACRO.standardError(cells)).isCloseTo(Math.sqrt(0.75) / 2, within(1e-15));
        // One row each: the strata are the sample.
        List<Cell> single = List.of(new Cell("a", 1, 1), new Cell("b", 0, 1), new Cell("c", 1, 1));
        assertThat(Mean.MACRO.standardError(single)).isCloseTo(Mean.POOLED.standardError(single), within(1e-15));
    }

    @Test
    void intervalsCoverAsOftenAsTheySay() {
        // 1000 samples of 60 from a population with mean 0.05: at least 95 % of the intervals hold it.
        Random random = new Random(1);
        int covered = 0;
        for (int sample = 0; sample < 1000; sample++) {
            List<Cell> cells = new ArrayList<>();
            for (int i = 0; i < 60; i++) {
                cells.add(Cell.of(random.nextDouble() < 0.05 ? 1 : 0));
            }
            Interval interval = Estimate.of(cells, Mean.POOLED).interval();
            covered += interval.low() <= 0.05 && 0.05 <= interval.high() ? 1 : 0;
        }
        assertThat(covered / 1000.0).isBetween(0.95, 1.0);
    }

    /** Clopper and Pearson's 1 − 0.025^(1/60): a rate of 0 is no point. */
    @Test
    void whereNoRowIsOneTheIntervalIsNoPoint() {
        List<Cell> zeros = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            zeros.add(Cell.of(0));
        }
        zeros.add(Cell.NONE);
        Estimate estimate = Estimate.of(zeros, Mean.POOLED).times(100);
        assertThat(estimate.value()).isZero();
        assertThat(estimate.interval().low()).isZero();
        assertThat(estimate.interval().high()).isCloseTo(5.962949, within(1e-5));
    }

    @Test
    void anEstimateHoldsItAll() {
        Estimate estimate = Estimate.of(List.of(new Cell("", 3, 3), new Cell("", 0, 2), Cell.NONE), Mean.POOLED);
        assertThat(estimate.value()).isEqualTo(0.6);
        assertThat(estimate.n()).isEqualTo(5);
        assertThat(estimate.rows()).isEqualTo(2);
        assertThat(estimate.times(100).value()).isEqualTo(60);
    }

    /** By scipy's binomtest(k, n, 1/4, alternative="greater"). */
    @ParameterizedTest
    @CsvSource({
        "18, 100, 0.25, 0.9623737, false",
        "32, 100, 0.25, 0.0693489, false",
        "33, 100, 0.25, 0.0445963, true",
        "0, 100, 0, 1, false",
        "1, 100, 0, 0, true",
    })
    void guessingIsToldFromKnowing(int right, int rows, double chance, double p, boolean above) {
        Chance test = Chance.of(right, rows, chance);
        assertThat(test.p()).isCloseTo(p, within(1e-6));
        assertThat(test.above()).isEqualTo(above);
        assertThat(Chance.of(right / (double) rows, rows, chance)).isEqualTo(test);
    }

    @Test
    void smallPValuesAreNoZeros() {
        assertThat(PValue.of(0)).isEqualTo("< 0.001");
        assertThat(PValue.of(0.00099)).isEqualTo("< 0.001");
        assertThat(PValue.of(0.001)).isEqualTo("0.001");
        assertThat(PValue.of(Double.NaN)).isEqualTo("–");
        assertThat(PValue.is(0.0118)).isEqualTo("p = 0.012");
        assertThat(PValue.is(1e-9)).isEqualTo("p < 0.001");
    }

    @ParameterizedTest
    @CsvSource({
        "5, 15, 0.04138946533203125, 4.05", // 2 · Σ C(20, k ≤ 5) / 2²⁰; (|5 − 15| − 1)² / 20
        "15, 5, 0.04138946533203125, 4.05",
        "0, 6, 0.03125, 4.166666666666667",
        "3, 10, 0.09228515625, 2.769230769230769", // Commons Math 3.6.1 says 0.0574: rounding costs it the other tail's
        // 10
        "2, 1, 1, 0", // and here 0.625
        "3, 3, 1, 0",
        "0, 0, 1, 0",
        "1, 0, 1, 0",
    })
    void mcNemar(int onlyA, int onlyB, double exactP, double chiSquared) {
        McNemar test = new McNemar(10, onlyA, onlyB, 10);
        assertThat(test.exactP()).isCloseTo(exactP, within(1e-12));
        assertThat(test.chiSquared()).isCloseTo(chiSquared, within(1e-12));
        assertThat(test.chiSquaredP()).isBetween(0.0, 1.0);
    }

    @Test
    void chiSquaredIsReadFromItsDistribution() {
        // 3.841… is the 95 % point of χ² with one degree of freedom.
        assertThat(new McNemar(0, 5, 15, 0).chiSquaredP()).isCloseTo(0.0441713, within(1e-6));
    }

    @Test
    void pairsAreComparedRowByRow() {
        double[] a = {1, 1, 0, 0, 1, 0, 1, 0, 1, 1};
        double[] b = {1, 0, 0, 0, 0, 0, 0, 0, 1, 1};
        double[] d = new double[a.length];
        for (int i = 0; i < d.length; i++) {
            d[i] = b[i] - a[i];
        }
        Paired paired = Paired.of(cells(a), cells(b), Mean.POOLED, BOOTSTRAP);
        Contrast difference = paired.difference();
        assertThat(difference.value()).isCloseTo(-0.3, within(1e-15));
        assertThat(paired.rows()).isEqualTo(10);
        assertThat(difference.standardError())
                .isCloseTo(StandardDeviation.of(d).getAsDouble() / Math.sqrt(10), within(1e-15));
        // The paired t-test, by scipy.
        assertThat(difference.p()).isCloseTo(0.081126189, within(1e-6));
        assertThat(difference.interval().low()).isCloseTo(-0.645550214, within(1e-6));
        assertThat(difference.interval().high()).isCloseTo(0.045550214, within(1e-6));
        assertThat(paired.bootstrapP()).isBetween(0.01, 0.15);
    }

    @Test
    void whatIsEqualDoesNotDiffer() {
        List<Cell> same = cells(1, 0, 1, 1, 0);
        Paired paired = Paired.of(same, same, Mean.POOLED, BOOTSTRAP);
        assertThat(paired.difference().value()).isZero();
        // 1 − 0.025^(1/5): so many of the rows could differ without any of five showing it.
        assertThat(paired.difference().interval().high()).isCloseTo(0.521823750, within(1e-6));
        assertThat(paired.difference().interval().low()).isCloseTo(-0.521823750, within(1e-6));
        assertThat(paired.difference().p()).isOne();
        assertThat(paired.bootstrapP()).isOne();
        assertThat(paired.difference().standardError()).isZero();
    }

    /**
     * Rows that have a value on one side alone, by hand: 2 of 4 against 3 of 4. Each row moves the difference by what it moves
     * B's ratio less what it moves A's: 1/16 − 1/8, 1/8, −3/16 + 1/8, 1/16 − 1/8, 1/16; four rows on either side.
     */
    @Test
    void aDifferenceOfRatiosIsNotOverTheSharedRowsAlone() {
        List<Cell> a = List.of(Cell.of(1), Cell.of(0), Cell.of(0), Cell.of(1), Cell.NONE, Cell.NONE);
        List<Cell> b = List.of(Cell.of(1), Cell.NONE, Cell.of(0), Cell.of(1), Cell.of(1), Cell.NONE);
        Paired paired = Paired.of(a, b, Mean.POOLED, BOOTSTRAP);
        double squares = 4 * Math.pow(1 / 16.0, 2) + Math.pow(1 / 8.0, 2);
        assertThat(paired.rows()).isEqualTo(3);
        assertThat(paired.a()).isEqualTo(0.5);
        assertThat(paired.difference().value()).isEqualTo(0.25);
        assertThat(paired.difference().standardError()).isCloseTo(Math.sqrt(squares * 4 / 3), within(1e-15));
        assertThat(paired.difference().rows()).isEqualTo(4);
        assertThat(paired.difference().degrees()).isEqualTo(3);
    }

    /** Were the two rows that still have a belief worth 40, three lies of three would be proof. */
    @Test
    void aSideWithFewRowsMakesADifferenceUnsure() {
        List<Cell> a = new ArrayList<>();
        List<Cell> b = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            a.add(Cell.of(0));
            b.add(i < 3 ? Cell.of(1) : Cell.NONE);
        }
        Contrast difference = Paired.of(a, b, Mean.POOLED, BOOTSTRAP).difference();
        assertThat(difference.value()).isOne();
        assertThat(difference.p()).isEqualTo(0.25);
        assertThat(difference.interval().low()).isCloseTo(Math.pow(0.025, 1 / 3.0), within(1e-12));
        assertThat(difference.interval().high()).isOne();
    }

    @Test
    void aClearDifferenceHasASmallP() {
        List<Cell> zeros = new ArrayList<>();
        List<Cell> ones = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            zeros.add(new Cell(i % 2 == 0 ? "x" : "y", 0, 1));
            ones.add(new Cell(i % 2 == 0 ? "x" : "y", 1, 1));
        }
        for (Mean mean : Mean.values()) {
            Paired paired = Paired.of(zeros, ones, mean, BOOTSTRAP);
            assertThat(paired.difference().value()).isOne();
            assertThat(paired.bootstrapP()).isLessThan(0.002).isPositive();
        }
    }
}
