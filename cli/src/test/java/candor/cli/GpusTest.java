package candor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import candor.bindings.CudaDriver.Device;
import candor.cli.Gpus.Gpu;
import java.util.List;
import org.junit.jupiter.api.Test;

class GpusTest {
    private static final Device LARGE = new Device("NVIDIA H200", 9, 0, 150_754_820_096L);
    private static final Device OLD = new Device("Tesla T4", 7, 5, 15L << 30);

    @Test
    void eachGpuIsALine() {
        Gpus gpus = Gpus.of(List.of(LARGE, OLD), 13_000);
        assertThat(gpus.reason()).isEmpty();
        assertThat(gpus.found())
                .containsExactly(
                        new Gpu("NVIDIA H200, compute capability 9.0, 143,771 MiB, driver for CUDA 13.0", ""),
                        new Gpu(
                                "Tesla T4, compute capability 7.5, 15,360 MiB, driver for CUDA 13.0",
                                "not used: the kernels want compute capability 8.0 or newer"));
    }

    @Test
    void anOldDriverIsToBeUpdated() {
        assertThat(Gpus.of(List.of(LARGE), 11_080).found())
                .containsExactly(new Gpu(
                        "NVIDIA H200, compute capability 9.0, 143,771 MiB, driver for CUDA 11.8",
                        "not used: the kernels want a driver for CUDA 12.0 or newer; update it"));
    }

    @Test
    void withoutADeviceTheReasonIsTold() {
        assertThat(Gpus.of(List.of(), 12_040)).isEqualTo(new Gpus(List.of(), "the driver knows of no device"));
    }

    /** Whatever this machine has. */
    @Test
    void askingNeverFails() {
        Gpus gpus = Gpus.find();
        assertThat(gpus.reason().isEmpty()).isEqualTo(!gpus.found().isEmpty());
        assertThat(Gpus.find()).isEqualTo(gpus);
    }
}
