package candor.bindings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is said where there is no library. CUDA's is the subject: no test machine has it packed by chance. */
class NativeLibraryTest {
    private static final NativeLibrary LIBRARY = NativeLibrary.CUDA;

    @TempDir
    private Path folder;

    @AfterEach
    void forget() {
        System.clearProperty(LIBRARY.property());
    }

    @Test
    void aPropertyThatNamesNothingSaysSo() {
        Path nowhere = folder.resolve("nowhere.so");
        System.setProperty(LIBRARY.property(), nowhere.toString());
        assertThatThrownBy(LIBRARY::load)
                .isInstanceOf(MissingLibraryException.class)
                .hasMessageContaining(nowhere + ": no such file")
                .hasMessageContaining("-Dcandor.library.candor_cuda");
    }

    @Test
    void aFileThatIsNoLibrarySaysWhy() throws Exception {
        Path file = Files.writeString(folder.resolve(LIBRARY.fileName()), "not a library");
        System.setProperty(LIBRARY.property(), file.toString());
        assertThatThrownBy(LIBRARY::load)
                .isInstanceOf(MissingLibraryException.class)
                .hasMessageContaining(file + ": does not load")
                .hasMessageContaining("build it with nvcc");
    }

    /** The C library stands for one of ours from before it said a version by this name. */
    @Test
    void aLibraryWithoutAVersionIsAnOldOne() throws Exception {
        Path maps = Path.of("/proc/self/maps");
        Assumptions.assumeTrue(Files.isReadable(maps), "no /proc/self/maps to find a library by");
        String other = Files.readAllLines(maps).stream()
                .filter(line -> line.endsWith("libc.so.6"))
                .map(line -> line.substring(line.indexOf('/')))
                .findFirst()
                .orElse(null);
        Assumptions.assumeTrue(other != null, "no libc.so.6 in this process");
        System.setProperty(LIBRARY.property(), other);
        assertThatThrownBy(LIBRARY::load)
                .isInstanceOf(MissingLibraryException.class)
                .hasMessageContaining(other + ": does not say of which version of the C API it is")
                .hasMessageContaining("build it with nvcc");
    }

    @Test
    void theResourceIsNamedAfterTheSystem() {
        assertThat(LIBRARY.resource())
                .startsWith("/candor/native/")
                .contains(System.getProperty("os.arch"))
                .endsWith(LIBRARY.fileName());
    }
}
