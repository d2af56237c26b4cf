package candor.merge;

import static org.assertj.core.api.Assertions.assertThat;

import candor.tensor.DType;
import org.junit.jupiter.api.Test;

class MergeReportTest {
    private static MergeReport report(double largest, double difference) {
        return new MergeReport(10, 10, largest, difference, 0.5, 2);
    }

    @Test
    void roundingExplainsAShareOfTheSpread() {
        assertThat(report(1e-3, 1.9e-4).explainedBy(DType.F32)).isTrue();
        assertThat(report(1e-3, 2.1e-4).explainedBy(DType.F32)).isFalse();
        assertThat(report(1, 0.19).explainedBy(DType.BF16)).isTrue();
        assertThat(report(1, 0.21).explainedBy(DType.BF16)).isFalse();
        assertThat(report(1, 0.05).explainedBy(DType.F16)).isFalse();
    }

    @Test
    void aNumberThatIsNoneIsNeverExplained() {
        assertThat(report(Double.NaN, 0).explainedBy(DType.BF16)).isFalse();
        assertThat(report(Double.NaN, Double.NaN).explainedBy(DType.BF16)).isFalse();
    }

    @Test
    void anAdapterBelowTheRoundingIsBlurred() {
        assertThat(report(1, 0.06).blurred()).isTrue();
        assertThat(report(1, 0.04).blurred()).isFalse();
    }
}
