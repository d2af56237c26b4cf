package candor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import candor.bindings.NativeLibrary;
import candor.ops.Backend;
import candor.ops.BackendDescriptor;
import candor.ops.Backends;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

class CopyRateTest {
    @Test
    void isAsGivenOrAssumed() {
        assertThat(CopyRate.planned("12.5GB")).isEqualTo(new CopyRate(12.5e9, "as given"));
        assertThat(CopyRate.planned(null).text()).isEqualTo("25.0 GB/s (assumed)");
    }

    @Test
    void isMeasuredWhereThereIsADevice() {
        Assumptions.assumeTrue(NativeLibrary.EMULATED.isThere(), "skipped: no emulated device");
        try (Backend backend = Backends.open(BackendDescriptor.CUDA_EMULATED, 1)) {
            CopyRate rate = CopyRate.of(null, backend);
            assertThat(rate.source()).isEqualTo("measured");
            assertThat(rate.bytesPerSecond()).isPositive().isFinite();
            assertThat(CopyRate.of("1GB", backend)).isEqualTo(new CopyRate(1e9, "as given"));
        }
    }
}
