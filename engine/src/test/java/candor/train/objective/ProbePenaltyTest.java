package candor.train.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import candor.train.objective.ProbePenalty.Judged;
import candor.train.objective.ProbePenalty.On;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ProbePenaltyTest {
    /** A reply that the reference gives so much. */
    private record Reply(int targets, double reference) implements Objective.Row {
        @Override
        public boolean desirable() {
            throw new IllegalStateException("a probe has no label");
        }

        @Override
        public double mismatched() {
            throw new IllegalStateException("a probe has no mismatched pair");
        }
    }

    private static final List<Reply> ROWS = List.of(
            new Reply(4, -8), new Reply(2, -6), new Reply(5, -3), new Reply(1, -2), new Reply(3, -9), new Reply(3, -9));

    /** The first probe has lost (d = −0.25 − 0.5), the second gained (0.2 − −1), the third stayed. */
    private static final double[] LOGP = {-9, -5, -2, -3, -7, -7};

    @Test
    void aMarginThatShrankIsPulledBack() {
        Judged judged = new ProbePenalty(6, On.MARGIN).judge(ROWS, LOGP);
        assertThat(judged.penalty()).isEqualTo(6.0 / 3 * 0.75 * 0.75 / 2, within(1e-12));
        assertThat(judged.marginChange()).isEqualTo((-0.75 + 1.2 + 0) / 3, within(1e-12));
        assertThat(judged.terms().get(0).derivative()).isEqualTo(2 * -0.75 / 4, within(1e-12));
        assertThat(judged.terms().get(1).derivative()).isEqualTo(2 * 0.75 / 2, within(1e-12));
        for (int row = 2; row < 6; row++) {
            assertThat(judged.terms().get(row).derivative()).as("row %d", row).isZero();
        }
    }

    @Test
    void repliesAreHeldEitherWay() {
        Judged judged = new ProbePenalty(6, On.REPLIES).judge(ROWS, LOGP);
        double[] h = {-0.25, 0.5, 0.2, -1, 2.0 / 3, 2.0 / 3};
        double sum = 0;
        for (int row = 0; row < h.length; row++) {
            sum += h[row] * h[row] / 2;
            assertThat(judged.terms().get(row).derivative())
                    .isEqualTo(2 * h[row] / ROWS.get(row).targets(), within(1e-12));
        }
        assertThat(judged.penalty()).isEqualTo(2 * sum, within(1e-12));
    }

    @ParameterizedTest
    @EnumSource(On.class)
    void derivativesAreThoseOfDifferences(On on) {
        ProbePenalty penalty = new ProbePenalty(2.5, on);
        double step = 1e-6;
        Judged judged = penalty.judge(ROWS, LOGP);
        assertThat(judged.terms().stream().mapToDouble(Objective.Term::loss).sum())
                .isEqualTo(judged.penalty(), within(1e-12));
        for (int row = 0; row < 4; row++) {
            double[] up = LOGP.clone();
            double[] down = LOGP.clone();
            up[row] += step;
            down[row] -= step;
            double slope = (penalty.judge(ROWS, up).penalty()
                            - penalty.judge(ROWS, down).penalty())
                    / (2 * step);
            assertThat(judged.terms().get(row).derivative()).as("row %d", row).isEqualTo(slope, within(1e-8));
        }
    }

    @ParameterizedTest
    @EnumSource(On.class)
    void nothingIsHeldBeforeTheFirstStepAndNotANumberIsHandedOn(On on) {
        double[] reference = ROWS.stream().mapToDouble(Reply::reference).toArray();
        Judged judged = new ProbePenalty(6, on).judge(ROWS, reference);
        assertThat(judged.penalty()).isZero();
        assertThat(judged.terms()).allMatch(term -> term.derivative() == 0);
        double[] broken = IntStream.range(0, LOGP.length)
                .mapToDouble(i -> i == 2 ? Double.NaN : LOGP[i])
                .toArray();
        assertThat(new ProbePenalty(6, on).judge(ROWS, broken).penalty()).isNaN();
    }
}
