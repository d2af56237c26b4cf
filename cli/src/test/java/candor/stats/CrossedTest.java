package candor.stats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.apache.commons.statistics.inference.TTest;
import org.junit.jupiter.api.Test;

class CrossedTest {
    /** By hand: means 3; M_seeds = 6, M_rows = 1.5, M_rest = 0.5, so (6 + 1.5 − 0.5) / 6 and 7² / (36 + 1.125 + 0.125). */
    @Test
    void agreesWithAnAnalysisByHand() {
        Crossed crossed = Crossed.of(new double[][] {{1, 2, 3}, {3, 5, 4}});
        assertThat(crossed.mean()).isEqualTo(3);
        assertThat(crossed.standardError()).isCloseTo(Math.sqrt(7 / 6.0), within(1e-12));
        assertThat(crossed.degrees()).isCloseTo(49 / 37.25, within(1e-12));
    }

    @Test
    void oneSeedIsTheUsualTTestOverRows() {
        double[] rows = {0.3, -0.1, 0.8, 0.4, 0.9, -0.5, 0.25};
        Crossed crossed = Crossed.of(new double[][] {rows});
        assertThat(crossed.p()).isCloseTo(TTest.withDefaults().test(rows).getPValue(), within(1e-12));
        assertThat(crossed.margin(0.95)).isCloseTo(crossed.standardError() * 2.446911851, within(1e-8));
        assertThat(Crossed.of(new double[][] {{0.3}, {-0.1}, {0.8}}).p())
                .isCloseTo(
                        TTest.withDefaults().test(new double[] {0.3, -0.1, 0.8}).getPValue(), within(1e-12));
    }

    /** Rows that are alike under all seeds: more seeds say nothing new about the rows. */
    @Test
    void repeatedSeedsAddNoCertaintyAboutRows() {
        double[] rows = {1, 0, 1, 1, 0, 0, 1, 0, 1};
        Crossed once = Crossed.of(new double[][] {rows});
        Crossed thrice = Crossed.of(new double[][] {rows, rows, rows});
        assertThat(thrice.standardError()).isCloseTo(once.standardError(), within(1e-12));
        assertThat(thrice.degrees()).isCloseTo(once.degrees(), within(1e-9));
    }

    @Test
    void whatOneValueCannotTellIsNotTold() {
        assertThat(Crossed.of(new double[][] {{1}}).standardError()).isNaN();
        assertThat(Crossed.of(new double[][] {{1}}).p()).isNaN();
        assertThat(Crossed.of(new double[0][]).mean()).isNaN();
        assertThat(Crossed.of(new double[][] {{}, {}}).mean()).isNaN();
    }

    @Test
    void equalValuesFallBackToTheSignTest() {
        assertThat(Crossed.of(new double[][] {{0, 0, 0}, {0, 0, 0}}).p()).isEqualTo(1);
        assertThat(Crossed.of(new double[][] {{1, 1, 1, 1}, {1, 1, 1, 1}}).p()).isEqualTo(0.125);
    }

    /**
     * Worlds without an effect, with noise of seeds, rows and both: about one in twenty may be called one. A test that takes
     * the cells for independent calls a third of them one.
     */
    @Test
    void falseAlarmsAreAsRareAsPromised() {
        int alarms = 0;
        int naive = 0;
        java.util.random.RandomGenerator random = new java.util.SplittableRandom(11);
        int worlds = 2000;
        for (int w = 0; w < worlds; w++) {
            double[][] table = new double[3][40];
            double[] rows = random.doubles(40, -1, 1).map(v -> 1.5 * v).toArray();
            double[] all = new double[120];
            for (int s = 0; s < 3; s++) {
                double seed = random.nextGaussian() * 0.15;
                for (int r = 0; r < 40; r++) {
                    table[s][r] = seed + rows[r] + random.nextGaussian() * 0.8;
                    all[s * 40 + r] = table[s][r];
                }
            }
            alarms += Crossed.of(table).p() < 0.05 ? 1 : 0;
            naive += TTest.withDefaults().test(all).getPValue() < 0.05 ? 1 : 0;
        }
        assertThat(alarms / (double) worlds).isBetween(0.02, 0.075);
        assertThat(naive / (double) worlds).isGreaterThan(0.2);
    }
}
