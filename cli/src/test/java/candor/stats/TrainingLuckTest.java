package candor.stats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class TrainingLuckTest {
    /**
     * By hand, two arms, two seeds, four rows: seeds' means are .5, .75 and .25, 1. Around the arms' and seeds' means the rests
     * are ±.125: M_apart = 4 · 4 · .125² / 1 = .25; the seeds' means .375 and .875 give M_common = 4 · 2 · 2 · .25² / 1 = 1.
     */
    @Test
    void agreesWithAnAnalysisByHand() {
        TrainingLuck luck = TrainingLuck.of(List.of(
                new Rates(new double[][] {{1, 0, 1, 0}, {1, 1, 1, 0}}),
                new Rates(new double[][] {{0, 0, 1, 0}, {1, 1, 1, 1}})));
        assertThat(luck.ofContrast()).isCloseTo(0.25, within(1e-12));
        assertThat(luck.ofContrastDegrees()).isEqualTo(1);
        assertThat(luck.ofArm()).isCloseTo(0.625, within(1e-12));
        assertThat(luck.ofArmDegrees()).isCloseTo(0.625 * 0.625 / (0.25 + 0.125 * 0.125), within(1e-12));
    }

    /** With two arms there is nothing to borrow: a difference is judged as by itself. */
    @Test
    void twoArmsAloneAreJudgedByThemselves() {
        Rates a = new Rates(new double[][] {{1, 0, 1, 0, 0}, {1, 1, 1, 0, 1}, {0, 1, 1, 0, 0}});
        Rates b = new Rates(new double[][] {{0, 0, 1, 0, 1}, {1, 1, 1, 1, 1}, {1, 1, 0, 0, 1}});
        double[] weights = {-1, 1};
        Crossed alone = Crossed.of(Rates.combine(weights, a, b));
        Crossed pooled = Crossed.ofContrast(weights, TrainingLuck.of(List.of(a, b)), a, b);
        assertThat(pooled.standardError()).isCloseTo(alone.standardError(), within(1e-12));
        assertThat(pooled.degrees()).isCloseTo(alone.degrees(), within(1e-9));
    }

    @Test
    void oneArmOrOneSeedTellsNothing() {
        Rates one = new Rates(new double[][] {{1, 0}});
        assertThat(TrainingLuck.of(List.of(one, one)).known()).isFalse();
        assertThat(TrainingLuck.of(List.of(new Rates(new double[][] {{1}, {0}})))
                        .known())
                .isFalse();
        assertThat(TrainingLuck.of(List.of()).known()).isFalse();
        double[][] table = {{1, 0, 1}};
        assertThat(Crossed.ofArm(new Rates(table), TrainingLuck.UNKNOWN)).isEqualTo(Crossed.of(table));
    }

    /** Six arms without a difference, luck of seeds in each and in all: alarms are rare, and intervals narrower than alone. */
    @Test
    void falseAlarmsStayRareAndIntervalsAreNarrower() {
        SplittableRandom random = new SplittableRandom(5);
        int worlds = 800;
        int alarms = 0;
        List<Double> alone = new ArrayList<>();
        List<Double> together = new ArrayList<>();
        for (int w = 0; w < worlds; w++) {
            double[] common = {random.nextGaussian() * 0.1, random.nextGaussian() * 0.1, random.nextGaussian() * 0.1};
            double[] hardness = random.doubles(50, -0.2, 0.2).toArray();
            List<Rates> arms = new ArrayList<>();
            for (int a = 0; a < 6; a++) {
                double[][] outcomes = new double[3][50];
                for (int s = 0; s < 3; s++) {
                    double luck = common[s] + random.nextGaussian() * 0.06;
                    for (int r = 0; r < 50; r++) {
                        outcomes[s][r] = random.nextDouble() < 0.5 + luck + hardness[r] ? 1 : 0;
                    }
                }
                arms.add(new Rates(outcomes));
            }
            double[] weights = {-1, 1};
            double[][] table = Rates.combine(weights, arms.get(0), arms.get(1));
            Crossed judged = Crossed.ofContrast(weights, TrainingLuck.of(arms), arms.get(0), arms.get(1));
            alarms += judged.p() < 0.05 ? 1 : 0;
            together.add(judged.margin(0.95));
            alone.add(Crossed.of(table).margin(0.95));
        }
        assertThat(alarms / (double) worlds).isBetween(0.02, 0.075);
        assertThat(mean(together)).isLessThan(0.75 * mean(alone));
    }

    private static double mean(List<Double> values) {
        return values.stream().mapToDouble(v -> v).average().orElseThrow();
    }

    /**
     * Conditional rates of which few rows have a part, other rows in each arm and seed: no more than one alarm in twenty. Were all
     * rows worth a degree of freedom, there would be twice as many.
     */
    @Test
    void falseAlarmsStayRareWhereFewRowsTakePart() {
        SplittableRandom random = new SplittableRandom(7);
        int worlds = 1500;
        int alarms = 0;
        double[] weights = {-1, 1};
        for (int w = 0; w < worlds; w++) {
            Rates full = rates(random, 0.9);
            Rates sparse = rates(random, 0.12);
            alarms += Crossed.ofContrast(weights, TrainingLuck.UNKNOWN, full, sparse)
                                    .p()
                            < 0.05
                    ? 1
                    : 0;
        }
        assertThat(alarms / (double) worlds).isLessThan(0.06);
    }

    /** One seed, 40 rows of which a share has a part; half of those are 1. */
    private static Rates rates(SplittableRandom random, double share) {
        double[] outcomes = new double[40];
        for (int r = 0; r < outcomes.length; r++) {
            outcomes[r] = random.nextDouble() < share ? random.nextInt(2) : Double.NaN;
        }
        return new Rates(new double[][] {outcomes});
    }
}
