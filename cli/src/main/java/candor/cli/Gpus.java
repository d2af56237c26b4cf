package candor.cli;

import candor.bindings.CudaDriver;
import candor.bindings.MissingLibraryException;
import java.util.List;
import java.util.Locale;

/**
 * The GPUs of this machine as their driver tells them, which needs none of our libraries.
 *
 * @param found  those that there are
 * @param reason why there are none; empty where there are some
 */
record Gpus(List<Gpu> found, String reason) {
    /** What our kernels are written for: sm_80. */
    private static final int OLDEST_MAJOR = 8;
    /** The oldest toolkit that they are compiled by is of CUDA 12, whose programs run by any driver for CUDA 12. */
    private static final int OLDEST_CUDA = 12_000;

    /**
     * A GPU.
     *
     * @param description in one line
     * @param advice      why it would not be used; empty where it would
     */
    record Gpu(String description, String advice) {}

    /** Asks. Without a driver it says so; it never fails. */
    static Gpus find() {
        try {
            CudaDriver driver = CudaDriver.load();
            return of(driver.devices(), driver.cudaVersion());
        } catch (MissingLibraryException | CudaDriver.DriverException e) {
            return new Gpus(List.of(), e.getMessage());
        }
    }

    /** @param cuda as {@link CudaDriver#cudaVersion} */
    static Gpus of(List<CudaDriver.Device> devices, int cuda) {
        return devices.isEmpty()
                ? new Gpus(List.of(), "the driver knows of no device")
                : new Gpus(devices.stream().map(device -> gpu(device, cuda)).toList(), "");
    }

    private static Gpu gpu(CudaDriver.Device device, int cuda) {
        return new Gpu(
                String.format(
                        Locale.ROOT,
                        "%s, compute capability %d.%d, %,d MiB, driver for CUDA %d.%d",
                        device.name(),
                        device.major(),
                        device.minor(),
                        device.memoryBytes() >> 20,
                        cuda / 1000,
                        cuda % 1000 / 10),
                advice(device, cuda));
    }

    private static String advice(CudaDriver.Device device, int cuda) {
        if (device.major() < OLDEST_MAJOR) {
            return "not used: the kernels want compute capability " + OLDEST_MAJOR + ".0 or newer";
        }
        return cuda < OLDEST_CUDA
                ? "not used: the kernels want a driver for CUDA " + OLDEST_CUDA / 1000 + ".0 or newer; update it"
                : "";
    }
}
