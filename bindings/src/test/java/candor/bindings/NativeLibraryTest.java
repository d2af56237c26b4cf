package candor.bindings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
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

    @Test
    void theResourceIsNamedAfterTheSystem() {
        assertThat(LIBRARY.resource())
                .startsWith("/candor/native/")
                .contains(System.getProperty("os.arch"))
                .endsWith(LIBRARY.fileName());
    }
}
