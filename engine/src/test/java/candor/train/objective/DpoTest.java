package candor.train.objective;

import static candor.train.objective.Given.cut;
import static candor.train.objective.Given.judge;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import candor.train.objective.Objective.Term;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DpoTest {
    private static final double BETA = 0.3;

    private static Given row(double logp, double reference, boolean chosen) {
        return new Given(logp, 3, reference, chosen, Double.NaN);
    }

    /** Pairs whose completions left the reference by up to ±12 nats. */
    private static List<Given> pairs(int seed, int n) {
        Random random = new Random(seed);
        List<Given> rows = new ArrayList<>();
        for (int i = 0; i < 2 * n; i++) {
            double reference = -40 - 60 * random.nextDouble();
            rows.add(row(reference + 24 * random.nextDouble() - 12, reference, i % 2 == 0));
        }
        return rows;
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, 0.1, 0.49})
    void derivativesAgreeWithDifferences(double smoothing) {
        List<Given> rows = pairs(1, 7);
        for (int size : new int[] {14, 4, 2}) {
            List<Term> terms = judge(new Dpo(BETA, smoothing), cut(rows, size)).terms();
            double[] expected = Given.differences(new Dpo(BETA, smoothing), rows, size);
            for (int i = 0; i < expected.length; i++) {
                assertThat(terms.get(i).derivative()).isCloseTo(expected[i], within(1e-10));
            }
        }
    }

    @Test
    void cuttingAStepChangesNothing() {
        List<Given> rows = pairs(3, 6);
        Map<String, Double> whole = judge(new Dpo(BETA, 0.1), List.of(rows)).metrics();
        for (int size : new int[] {2, 4, 8}) {
            judge(new Dpo(BETA, 0.1), cut(rows, size))
                    .metrics()
                    .forEach((name, value) -> assertThat(value).as(name).isCloseTo(whole.get(name), within(1e-12)));
        }
    }

    @Test
    void whatItReports() {
        List<Given> rows = List.of(
                row(-50, -52, true),
                row(-60, -59, false),
                row(-70, -73, true),
                row(-40, -44, false),
                row(-9, -9, true),
                row(-8, -8, false));
        Map<String, Double> metrics = judge(new Dpo(BETA, 0), List.of(rows)).metrics();
        assertThat(metrics.keySet())
                .containsExactlyElementsOf(
                        new Dpo(BETA, 0).metrics().stream().map(Metric::name).toList());
        assertThat(metrics.get("rewards/chosen")).isCloseTo(BETA * 5 / 3, within(1e-15));
        assertThat(metrics.get("rewards/rejected")).isCloseTo(BETA * 3 / 3, within(1e-15));
        assertThat(metrics.get("rewards/margins")).isCloseTo(BETA * 2 / 3, within(1e-15));
        assertThat(metrics.get("rewards/accuracies")).as("a tie is no hit").isCloseTo(1.0 / 3, within(1e-15));
        assertThat(metrics.get("logps/chosen")).isCloseTo(-43.0, within(1e-12));
        assertThat(metrics.get("logps/rejected")).isCloseTo(-36.0, within(1e-12));
        double expected = (loss(BETA * 3) + loss(BETA * -1) + loss(0)) / 3;
        assertThat(metrics.get("loss")).isCloseTo(expected, within(1e-15));
    }

    private static double loss(double margin) {
        return Math.log(1 + Math.exp(-margin));
    }

    /** With ε, the loss is least where σ(Δ) = 1 − ε. */
    @Test
    void smoothedLabelsHaveAMarginThatIsEnough() {
        double smoothing = 0.2;
        double enough = Math.log((1 - smoothing) / smoothing) / BETA;
        List<Given> rows = List.of(row(-50 + enough, -50, true), row(-60, -60, false));
        assertThat(judge(new Dpo(BETA, smoothing), List.of(rows)).terms())
                .allSatisfy(term -> assertThat(term.derivative()).isCloseTo(0, within(1e-15)));
    }

    @ParameterizedTest
    @ValueSource(doubles = {1e9, -1e9})
    void farFromTheReferenceNothingOverflows(double by) {
        List<Given> rows = List.of(row(by, 0, true), row(0, 0, false));
        assertThat(judge(new Dpo(BETA, 0.1), List.of(rows)).terms()).allSatisfy(term -> {
            assertThat(term.loss()).isFinite();
            assertThat(term.derivative()).isFinite();
        });
    }

    @Test
    void itNeedsPairsAndTheReferenceAlone() {
        assertThat(new Dpo(BETA, 0).needs().rows().group()).isEqualTo(2);
        assertThat(new Dpo(BETA, 0).needs().mismatched()).isNull();
        assertThat(new Dpo(BETA, 0).needs().freePasses()).isEqualTo(1);
    }
}
