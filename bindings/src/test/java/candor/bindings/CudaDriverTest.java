package candor.bindings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.bindings.CudaDriver.Device;
import candor.bindings.CudaDriver.DriverException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against drivers that gcc makes of a page of C. */
class CudaDriverTest {
    /** What a driver answers is given by macros; one without TEXTS is from before cuGetErrorName. */
    private static final String FAKE = """
        #include <stdio.h>
        #include <string.h>
        static int inits;
        int cuInit(unsigned flags) { inits++; return flags != 0 ? 1 : inits > 1 ? 2 : INIT; }
        int cuDriverGetVersion(int *version) { *version = VERSION; return 0; }
        int cuDeviceGetCount(int *count) { *count = DEVICES; return 0; }
        int cuDeviceGet(int *device, int ordinal) { *device = 40 + ordinal; return ordinal < DEVICES ? 0 : 101; }
        int cuDeviceGetName(char *name, int bytes, int device) {
            if (bytes != 256) return 1;
            if (device == 42) memset(name, 'x', bytes);
            else snprintf(name, bytes, "Fake GPU %d", device - 40);
            return 0;
        }
        int cuDeviceTotalMem_v2(size_t *bytes, int device) { *bytes = (size_t)(device - 39) << 36; return 0; }
        int cuDeviceGetAttribute(int *value, int attribute, int device) {
            *value = attribute == 75 ? 8 + device - 40 : attribute == 76 ? 6 : -1;
            return device == ILL ? 46 : 0;
        }
        #ifdef TEXTS
        int cuGetErrorName(int status, const char **text) {
            *text = status == 100 ? "CUDA_ERROR_NO_DEVICE" : status == 46 ? "CUDA_ERROR_DEVICE_UNAVAILABLE" : 0;
            return *text == 0;
        }
        #endif
        """;

    @TempDir
    private Path folder;

    private String driver(String... macros) throws IOException, InterruptedException {
        Path source = Files.writeString(folder.resolve("fake.c"), FAKE);
        Path library = folder.resolve(CudaDriver.LIBRARY);
        List<String> command = new ArrayList<>(List.of(
                "gcc", "-shared", "-fPIC", "-o", library.toString(), source.toString(), "-DVERSION=12040", "-DILL=-1"));
        List.of(macros).forEach(macro -> command.add("-D" + macro));
        Process gcc;
        try {
            gcc = new ProcessBuilder(command).redirectErrorStream(true).start();
        } catch (IOException e) {
            Assumptions.abort("gcc is not installed: " + e.getMessage());
            return "";
        }
        String said = new String(gcc.getInputStream().readAllBytes());
        assertThat(gcc.waitFor(1, TimeUnit.MINUTES)).isTrue();
        assertThat(gcc.exitValue()).as(said).isZero();
        return library.toString();
    }

    @Test
    void everyDeviceIsToldInTheDriversOrder() throws Exception {
        CudaDriver driver = CudaDriver.load(driver("INIT=0", "DEVICES=3", "TEXTS"));
        assertThat(driver.cudaVersion()).isEqualTo(12_040);
        assertThat(driver.devices())
                .containsExactly(
                        new Device("Fake GPU 0", 8, 6, 1L << 36),
                        new Device("Fake GPU 1", 9, 6, 2L << 36),
                        new Device("x".repeat(256), 10, 6, 3L << 36)); // a name without C's end of a text
    }

    @Test
    void aDriverWithoutDevices() throws Exception {
        assertThat(CudaDriver.load(driver("INIT=0", "DEVICES=0")).devices()).isEmpty();
    }

    @Test
    void whatTheDriverRefusesIsNamed() throws Exception {
        String none = driver("INIT=100", "DEVICES=0", "TEXTS");
        assertThatThrownBy(() -> CudaDriver.load(none))
                .isInstanceOf(DriverException.class)
                .hasMessage("the driver says, when asked cuInit, CUDA_ERROR_NO_DEVICE");
    }

    @Test
    void aStatusThatTheDriverHasNoNameForIsANumber() throws Exception {
        String unknown = driver("INIT=803", "DEVICES=0", "TEXTS");
        assertThatThrownBy(() -> CudaDriver.load(unknown))
                .isInstanceOf(DriverException.class)
                .hasMessage("the driver says, when asked cuInit, error 803");
    }

    @Test
    void anOldDriverNamesNoErrors() throws Exception {
        String old = driver("INIT=100", "DEVICES=0");
        assertThatThrownBy(() -> CudaDriver.load(old))
                .isInstanceOf(DriverException.class)
                .hasMessage("the driver says, when asked cuInit, error 100");
    }

    @Test
    void aDeviceThatCannotBeAskedIsNotMadeUp() throws Exception {
        CudaDriver driver = CudaDriver.load(driver("INIT=0", "DEVICES=2", "ILL=41", "TEXTS"));
        assertThatThrownBy(driver::devices)
                .isInstanceOf(DriverException.class)
                .hasMessage("the driver says, when asked cuDeviceGetAttribute, CUDA_ERROR_DEVICE_UNAVAILABLE");
    }

    /** The C library's mathematics stands for a driver that has none of the functions. */
    @Test
    void aLibraryWithoutTheFunctionsIsTooOld() {
        Assumptions.assumeTrue(Files.isReadable(Path.of("/proc/self/maps")), "not Linux, which has a libm.so.6");
        assertThatThrownBy(() -> CudaDriver.load("libm.so.6"))
                .isInstanceOf(DriverException.class)
                .hasMessage("the driver has no cuInit: it is too old");
    }

    @Test
    void withoutTheLibraryThatIsSaid() {
        String nowhere = folder.resolve("nowhere.so").toString();
        assertThatThrownBy(() -> CudaDriver.load(nowhere))
                .isInstanceOf(MissingLibraryException.class)
                .hasMessage("the driver's library " + nowhere + " does not load");
    }
}
