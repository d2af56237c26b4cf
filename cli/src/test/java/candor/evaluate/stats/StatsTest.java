package candor.evaluate.stats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.apache.commons.math3.stat.descriptive.moment.StandardDeviation;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StatsTest {
    private static final Bootstrap BOOTSTRAP = new Bootstrap(2000, 7, 0.95);

    private static List<Cell> cells(double... values) {
        return Arrays.stream(values).mapToObj(Cell::of).toList();
    }

    @Test
    void thePooledErrorOfSingleValuesIsThatOfTheMean() {
        double[] values = {0, 1, 1, 0, 1, 3, 2.5};
        assertThat(Mean.POOLED.of(cells(values))).isCloseTo(8.5 / 7, within(1e-15));
        double expected = new StandardDeviation().evaluate(values) / Math.sqrt(values.length);
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
        assertThat(BOOTSTRAP.interval(twice, Mean.POOLED)).isEqualTo(BOOTSTRAP.interval(once, Mean.POOLED));
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
        Bootstrap.Interval interval = BOOTSTRAP.interval(cells, Mean.MACRO);
        assertThat(interval.low()).isBetween(0.5, 0.75); // stratum b never moves
        assertThat(interval.high()).isBetween(0.75, 1.0);
    }

    @Test
    void theBootstrapCoversAsOftenAsItSays() {
        // 300 samples of 60 from a population with mean 0.3: about 95 % of the intervals hold it.
        Random random = new Random(1);
        Bootstrap quick = new Bootstrap(400, 3, 0.95);
        int covered = 0;
        for (int sample = 0; sample < 300; sample++) {
            List<Cell> cells = new ArrayList<>();
            for (int i = 0; i < 60; i++) {
                cells.add(Cell.of(random.nextDouble() < 0.3 ? 1 : 0));
            }
            Bootstrap.Interval interval = quick.interval(cells, Mean.POOLED);
            covered += interval.low() <= 0.3 && 0.3 <= interval.high() ? 1 : 0;
        }
        assertThat(covered / 300.0).isBetween(0.90, 0.99);
    }

    @Test
    void theSameSeedGivesTheSameIntervalAndAnotherAnother() {
        List<Cell> cells = new ArrayList<>();
        for (int i = 0; i < 113; i++) {
            cells.add(Cell.of(Math.sin(i)));
        }
        Bootstrap.Interval first = BOOTSTRAP.interval(cells, Mean.POOLED);
        assertThat(BOOTSTRAP.interval(cells, Mean.POOLED)).isEqualTo(first);
        assertThat(new Bootstrap(2000, 8, 0.95).interval(cells, Mean.POOLED)).isNotEqualTo(first);
        double error = Mean.POOLED.standardError(cells);
        assertThat(first.high() - first.low()).isCloseTo(2 * 1.96 * error, within(0.4 * error));
    }

    @Test
    void anEstimateHoldsItAll() {
        Estimate estimate =
                Estimate.of(List.of(new Cell("", 3, 3), new Cell("", 0, 2), Cell.NONE), Mean.POOLED, BOOTSTRAP);
        assertThat(estimate.value()).isEqualTo(0.6);
        assertThat(estimate.n()).isEqualTo(5);
        assertThat(estimate.rows()).isEqualTo(2);
    }

    @ParameterizedTest
    @CsvSource({
        "5, 15, 0.04138946533203125, 4.05", // 2 · Σ C(20, k ≤ 5) / 2²⁰; (|5 − 15| − 1)² / 20
        "15, 5, 0.04138946533203125, 4.05",
        "0, 6, 0.03125, 4.166666666666667",
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
        assertThat(paired.difference()).isCloseTo(-0.3, within(1e-15));
        assertThat(paired.rows()).isEqualTo(10);
        assertThat(paired.standardError())
                .isCloseTo(new StandardDeviation().evaluate(d) / Math.sqrt(10), within(1e-15));
        assertThat(paired.interval().low()).isCloseTo(-0.6, within(0.1001));
        assertThat(paired.interval().high()).isCloseTo(0.0, within(0.1001));
        assertThat(paired.bootstrapP()).isBetween(0.01, 0.15);
    }

    @Test
    void whatIsEqualDoesNotDiffer() {
        List<Cell> same = cells(1, 0, 1, 1, 0);
        Paired paired = Paired.of(same, same, Mean.POOLED, BOOTSTRAP);
        assertThat(paired.difference()).isZero();
        assertThat(paired.interval()).isEqualTo(new Bootstrap.Interval(0, 0));
        assertThat(paired.bootstrapP()).isOne();
        assertThat(paired.standardError()).isZero();
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
            assertThat(paired.difference()).isOne();
            assertThat(paired.bootstrapP()).isLessThan(0.002).isPositive();
        }
    }
}
