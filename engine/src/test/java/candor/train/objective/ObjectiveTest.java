package candor.train.objective;

import static candor.train.objective.Given.cut;
import static candor.train.objective.Given.judge;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import candor.data.KlPairing;
import candor.train.objective.Given.Judged;
import candor.train.objective.Objective.Term;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class ObjectiveTest {
    private static final double BETA = 0.1;
    private static final double DESIRABLE = 1.3;
    private static final double UNDESIRABLE = 0.7;

    private static Kto kto(KlPairing pairing) {
        return new Kto(BETA, DESIRABLE, UNDESIRABLE, pairing);
    }

    /** Rows whose policy left the reference by up to ±12 nats. */
    private static List<Given> rows(int seed, int n) {
        Random random = new Random(seed);
        return IntStream.range(0, n)
                .mapToObj(_ -> {
                    double reference = -40 - 60 * random.nextDouble();
                    return new Given(
                            reference + 24 * random.nextDouble() - 12,
                            1 + random.nextInt(30),
                            reference,
                            random.nextBoolean(),
                            random.nextDouble(-1, 4));
                })
                .toList();
    }

    private static Given row(double logp, int targets, double reference, boolean desirable, double mismatched) {
        return new Given(logp, targets, reference, desirable, mismatched);
    }

    private static double baseline(double... mismatched) {
        List<Given> rows = Arrays.stream(mismatched)
                .mapToObj(kl -> row(-50, 3, -50, true, kl))
                .toList();
        return judge(kto(KlPairing.STEP), cut(rows, 2)).metrics().get("kl");
    }

    @Test
    void derivativesAgreeWithDifferences() {
        List<Given> rows = rows(1, 13);
        for (Objective objective : List.of(new Sft(), kto(KlPairing.STEP), kto(KlPairing.TRL))) {
            for (int size : new int[] {13, 5, 1}) {
                List<Term> terms = judge(objective, cut(rows, size)).terms();
                double[] expected = Given.differences(objective, rows, size);
                for (int i = 0; i < expected.length; i++) {
                    assertThat(terms.get(i).derivative()).isCloseTo(expected[i], within(1e-10));
                    assertThat(terms.get(i).derivative()).isNotZero();
                }
            }
        }
    }

    /** What it reports is what it says that it reports, in that order. */
    @ParameterizedTest
    @EnumSource
    void theNamesAreThoseDeclared(KlPairing pairing) {
        assertThat(judge(kto(pairing), cut(rows(5, 9), 4)).metrics().keySet())
                .containsExactlyElementsOf(
                        kto(pairing).metrics().stream().map(Metric::name).toList());
        assertThat(judge(new Sft(), cut(rows(5, 9), 4)).metrics().keySet()).containsExactly("loss");
    }

    @Test
    void sftIsTheMeanOverAllTargetsOfTheStep() {
        List<Given> rows = List.of(
                row(-10, 2, Double.NaN, false, Double.NaN),
                row(-3, 1, Double.NaN, false, Double.NaN),
                row(-21, 7, Double.NaN, false, Double.NaN));
        for (int size : new int[] {3, 2, 1}) {
            assertThat(judge(new Sft(), cut(rows, size)).loss()).isCloseTo(34.0 / 10, within(1e-15));
        }
    }

    @ParameterizedTest
    @CsvSource({"8", "4", "3", "1"})
    void cuttingAStepChangesNothing(int size) {
        List<Given> rows = rows(3, 8);
        for (KlPairing pairing : List.of(KlPairing.DATA, KlPairing.STEP)) {
            Map<String, Double> expected = judge(kto(pairing), List.of(rows)).metrics();
            Map<String, Double> got = judge(kto(pairing), cut(rows, size)).metrics();
            assertThat(got.keySet()).containsExactlyElementsOf(expected.keySet());
            expected.forEach((name, value) -> assertThat(got.get(name)).as(name).isCloseTo(value, within(1e-12)));
        }
    }

    @ParameterizedTest
    @EnumSource
    void atTheStartEveryRowLosesHalfItsWeight(KlPairing pairing) {
        Judged judged = judge(kto(pairing), List.of(List.of(row(-50, 3, -50, true, 0), row(-70, 4, -70, false, 0))));
        assertThat(judged.loss()).isCloseTo((0.5 * DESIRABLE + 0.5 * UNDESIRABLE) / 2, within(1e-15));
        assertThat(judged.metrics())
                .containsEntry("kl", 0.0)
                .containsEntry("rewards/chosen", 0.0)
                .containsEntry("rewards/margins", 0.0);
    }

    @Test
    void theBaselineIsClampedAfterTheMean() {
        assertThat(baseline(-3, 5, -1)).isCloseTo(1.0 / 3, within(1e-15));
        assertThat(baseline(-3, 1, 1)).isZero();
    }

    @Test
    void theLossIsDividedByRowsNotByWeights() {
        double z = 0.5;
        List<Given> rows = List.of(row(-50, 3, -53, true, z), row(-70, 4, -71, true, z), row(-60, 4, -58, false, z));
        double expected = (DESIRABLE * (1 - sigma(BETA * (3 - z)))
                        + DESIRABLE * (1 - sigma(BETA * (1 - z)))
                        + UNDESIRABLE * (1 - sigma(BETA * (z + 2))))
                / 3;
        assertThat(judge(kto(KlPairing.STEP), List.of(rows)).loss()).isCloseTo(expected, within(1e-15));
    }

    private static double sigma(double x) {
        return 1 / (1 + Math.exp(-x));
    }

    @Test
    void trlTakesMeansOfMicroBatches() {
        List<List<Given>> step = List.of(
                List.of(row(-50, 3, -52, true, 2), row(-60, 3, -60, true, 4)),
                List.of(row(-70, 4, -71, false, -8), row(-40, 4, -44, true, 2)));
        Kto kto = kto(KlPairing.TRL);
        Map<String, Double> metrics = judge(kto, step).metrics();
        assertThat(step)
                .extracting(micro -> judge(kto, List.of(micro)).metrics().get("kl"))
                .containsExactly(3.0, 0.0);
        assertThat(metrics.get("kl")).isCloseTo(1.5, within(1e-15));
        assertThat(metrics.get("rewards/chosen")).isCloseTo(((0.2 + 0) / 2 + 0.4) / 2, within(1e-15));
        assertThat(metrics.get("rewards/rejected")).isCloseTo(0.1, within(1e-15));
        assertThat(metrics.get("rewards/margins")).isCloseTo(0.4 - 0.1, within(1e-15));
        assertThat(metrics.get("logps/chosen")).isCloseTo((-55.0 - 40) / 2, within(1e-15));
        assertThat(metrics.get("logps/rejected")).isCloseTo(-70.0, within(1e-15));
        assertThat(metrics.get("loss"))
                .isCloseTo(
                        (judge(kto, step.subList(0, 1)).loss()
                                        + judge(kto, step.subList(1, 2)).loss())
                                / 2,
                        within(1e-15));
    }

    @ParameterizedTest
    @CsvSource({"true", "false"})
    void oneKindOfRowAloneIsFinite(boolean desirable) {
        Map<String, Double> metrics = judge(
                        kto(KlPairing.STEP),
                        List.of(List.of(row(-50, 3, -45, desirable, 1), row(-60, 3, -64, desirable, 2))))
                .metrics();
        assertThat(metrics.values()).allSatisfy(v -> assertThat(v).isFinite());
        assertThat(metrics.keySet())
                .containsExactly(
                        "loss",
                        "kl",
                        desirable ? "rewards/chosen" : "rewards/rejected",
                        desirable ? "logps/chosen" : "logps/rejected");
    }

    @ParameterizedTest
    @CsvSource({"1e9,true", "-1e9,true", "1e9,false", "-1e9,false"})
    void farFromTheReferenceNothingOverflows(double h, boolean desirable) {
        Term term = judge(kto(KlPairing.STEP), List.of(List.of(row(h, 1, 0, desirable, 0))))
                .terms()
                .getFirst();
        assertThat(term.loss()).isBetween(0.0, Math.max(DESIRABLE, UNDESIRABLE));
        assertThat(term.derivative()).isZero();
    }

    @Test
    void aNaNIsNotClampedAway() {
        assertThat(baseline(Double.NaN)).isNaN();
    }
}
