package candor.train.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import candor.train.objective.Objective.Micro;
import candor.train.objective.Objective.Row;
import candor.train.objective.Objective.Scope;
import candor.train.objective.Objective.Term;
import java.util.ArrayList;
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

    private static Kto kto(Kto.Estimate estimate) {
        return new Kto(BETA, DESIRABLE, UNDESIRABLE, estimate);
    }

    /** Rows whose policy left the reference by up to ±12 nats. */
    private static List<Row> rows(int seed, int n) {
        Random random = new Random(seed);
        return IntStream.range(0, n)
                .mapToObj(_ -> {
                    double reference = -40 - 60 * random.nextDouble();
                    return new Row(
                            reference + 24 * random.nextDouble() - 12,
                            1 + random.nextInt(30),
                            reference,
                            random.nextBoolean());
                })
                .toList();
    }

    private static List<Micro> micros(List<List<Row>> step, double[] kl) {
        List<Micro> micros = new ArrayList<>();
        int at = 0;
        for (List<Row> rows : step) {
            double[] own = java.util.Arrays.copyOfRange(kl, at, at + rows.size());
            at += rows.size();
            micros.add(
                    new Micro(rows.size(), rows.stream().mapToLong(Row::targets).sum(), own));
        }
        return micros;
    }

    private static double loss(Objective objective, List<List<Row>> step, double[] kl) {
        return objective.metrics(step, objective.scopes(micros(step, kl))).get("loss");
    }

    private static List<List<Row>> cut(List<Row> rows, int size) {
        List<List<Row>> step = new ArrayList<>();
        for (int i = 0; i < rows.size(); i += size) {
            step.add(rows.subList(i, Math.min(rows.size(), i + size)));
        }
        return step;
    }

    private static double[] kl(int seed, int n) {
        return new Random(seed).doubles(n, -1, 4).toArray();
    }

    private static Row moved(Row row, double by) {
        return new Row(row.logp() + by, row.targets(), row.reference(), row.desirable());
    }

    @Test
    void derivativesAgreeWithDifferences() {
        List<Row> rows = rows(1, 13);
        double[] kl = kl(2, 13);
        for (Objective objective : List.of(new Sft(), kto(Kto.Estimate.STEP), kto(Kto.Estimate.MICRO_BATCH))) {
            for (int size : new int[] {13, 5, 1}) {
                List<List<Row>> step = cut(rows, size);
                List<Scope> scopes = objective.scopes(micros(step, kl));
                for (int i = 0; i < rows.size(); i++) {
                    int row = i;
                    double eps = 1e-5;
                    List<List<Row>> up = cut(
                            IntStream.range(0, 13)
                                    .mapToObj(j -> j == row ? moved(rows.get(j), eps) : rows.get(j))
                                    .toList(),
                            size);
                    List<List<Row>> down = cut(
                            IntStream.range(0, 13)
                                    .mapToObj(j -> j == row ? moved(rows.get(j), -eps) : rows.get(j))
                                    .toList(),
                            size);
                    double expected = (loss(objective, up, kl) - loss(objective, down, kl)) / (2 * eps);
                    Term term = objective.term(rows.get(row), scopes.get(row / size));
                    assertThat(term.derivative()).isCloseTo(expected, within(1e-10));
                    assertThat(term.derivative()).isNotZero();
                }
            }
        }
    }

    @Test
    void sftIsTheMeanOverAllTargetsOfTheStep() {
        List<Row> rows = List.of(new Row(-10, 2, 0, false), new Row(-3, 1, 0, false), new Row(-21, 7, 0, false));
        for (int size : new int[] {3, 2, 1}) {
            assertThat(loss(new Sft(), cut(rows, size), new double[3])).isCloseTo(34.0 / 10, within(1e-15));
        }
    }

    @ParameterizedTest
    @CsvSource({"8", "4", "3", "1"})
    void cuttingAStepChangesNothing(int size) {
        List<Row> rows = rows(3, 8);
        double[] kl = kl(4, 8);
        Kto kto = kto(Kto.Estimate.STEP);
        List<List<Row>> whole = List.of(rows);
        List<Scope> scopes = kto.scopes(micros(cut(rows, size), kl));
        Map<String, Double> expected = kto.metrics(whole, kto.scopes(micros(whole, kl)));
        Map<String, Double> got = kto.metrics(cut(rows, size), scopes);
        assertThat(got.keySet()).containsExactlyElementsOf(expected.keySet());
        expected.forEach((name, value) -> assertThat(got.get(name)).as(name).isCloseTo(value, within(1e-12)));
    }

    @ParameterizedTest
    @EnumSource
    void atTheStartEveryRowLosesHalfItsWeight(Kto.Estimate estimate) {
        List<Row> rows = List.of(new Row(-50, 3, -50, true), new Row(-70, 4, -70, false));
        Map<String, Double> metrics =
                kto(estimate).metrics(List.of(rows), kto(estimate).scopes(micros(List.of(rows), new double[2])));
        assertThat(metrics.get("loss")).isCloseTo((0.5 * DESIRABLE + 0.5 * UNDESIRABLE) / 2, within(1e-15));
        assertThat(metrics)
                .containsEntry("kl", 0.0)
                .containsEntry("rewards/chosen", 0.0)
                .containsEntry("rewards/margins", 0.0);
    }

    @Test
    void theBaselineIsClampedAfterTheMean() {
        Kto kto = kto(Kto.Estimate.STEP);
        assertThat(kto.scopes(List.of(new Micro(2, 2, new double[] {-3, 5}), new Micro(1, 1, new double[] {-1})))
                        .getFirst()
                        .baseline())
                .isCloseTo(1.0 / 3, within(1e-15));
        assertThat(kto.scopes(List.of(new Micro(3, 3, new double[] {-3, 1, 1})))
                        .getFirst()
                        .baseline())
                .isZero();
    }

    @Test
    void theLossIsDividedByRowsNotByWeights() {
        List<Row> rows = List.of(new Row(-50, 3, -53, true), new Row(-70, 4, -71, true), new Row(-60, 4, -58, false));
        double z = 0.5;
        double expected = (DESIRABLE * (1 - sigma(BETA * (3 - z)))
                        + DESIRABLE * (1 - sigma(BETA * (1 - z)))
                        + UNDESIRABLE * (1 - sigma(BETA * (z + 2))))
                / 3;
        assertThat(loss(kto(Kto.Estimate.STEP), List.of(rows), new double[] {z, z, z}))
                .isCloseTo(expected, within(1e-15));
    }

    private static double sigma(double x) {
        return 1 / (1 + Math.exp(-x));
    }

    @Test
    void trlTakesMeansOfMicroBatches() {
        List<List<Row>> step = List.of(
                List.of(new Row(-50, 3, -52, true), new Row(-60, 3, -60, true)),
                List.of(new Row(-70, 4, -71, false), new Row(-40, 4, -44, true)));
        Kto kto = kto(Kto.Estimate.MICRO_BATCH);
        List<Scope> scopes = kto.scopes(micros(step, new double[] {2, 4, -8, 2}));
        assertThat(scopes).extracting(Scope::baseline).containsExactly(3.0, 0.0);
        Map<String, Double> metrics = kto.metrics(step, scopes);
        assertThat(metrics.get("kl")).isCloseTo(1.5, within(1e-15));
        assertThat(metrics.get("rewards/chosen")).isCloseTo(((0.2 + 0) / 2 + 0.4) / 2, within(1e-15));
        assertThat(metrics.get("rewards/rejected")).isCloseTo(0.1, within(1e-15));
        assertThat(metrics.get("rewards/margins")).isCloseTo(0.4 - 0.1, within(1e-15));
        assertThat(metrics.get("logps/chosen")).isCloseTo((-55.0 - 40) / 2, within(1e-15));
        assertThat(metrics.get("logps/rejected")).isCloseTo(-70.0, within(1e-15));
        assertThat(metrics.get("loss"))
                .isCloseTo(
                        (loss(kto, step.subList(0, 1), new double[] {2, 4})
                                        + loss(kto, step.subList(1, 2), new double[] {-8, 2}))
                                / 2,
                        within(1e-15));
    }

    @ParameterizedTest
    @CsvSource({"true", "false"})
    void oneKindOfRowAloneIsFinite(boolean desirable) {
        List<Row> rows = List.of(new Row(-50, 3, -45, desirable), new Row(-60, 3, -64, desirable));
        Map<String, Double> metrics = kto(Kto.Estimate.STEP)
                .metrics(List.of(rows), kto(Kto.Estimate.STEP).scopes(micros(List.of(rows), new double[] {1, 2})));
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
        Term term = kto(Kto.Estimate.STEP).term(new Row(h, 1, 0, desirable), new Scope(1, 0));
        assertThat(term.loss()).isBetween(0.0, Math.max(DESIRABLE, UNDESIRABLE));
        assertThat(term.derivative()).isZero();
    }

    @Test
    void aNaNIsNotClampedAway() {
        assertThat(kto(Kto.Estimate.STEP)
                        .scopes(List.of(new Micro(1, 1, new double[] {Double.NaN})))
                        .getFirst()
                        .baseline())
                .isNaN();
    }
}
