package candor.bindings;

import static org.assertj.core.api.Assertions.assertThat;

import candor.bindings.generated.cpu.CandorCpu;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LibraryFileTest {
    private static final LibraryFile FILE = new LibraryFile("candor_none", "a compiler on the PATH", "./mvnw package");
    private static final String HOME = System.getProperty("candor.home");

    @TempDir
    private Path folder;

    @AfterEach
    void restore() {
        home(HOME);
        System.clearProperty(FILE.property());
    }

    private static void home(String home) {
        if (home == null) {
            System.clearProperty("candor.home");
        } else {
            System.setProperty("candor.home", home);
        }
    }

    @Test
    void aCheckoutBuildsWhatIsMissing() throws IOException {
        Files.writeString(folder.resolve("mvnw"), "");
        home(folder.toString());
        assertThat(Installation.here()).isEqualTo(Installation.CHECKOUT);
        assertThat(FILE.remedy())
                .isEqualTo("build it with a compiler on the PATH: ./mvnw package, in a checkout of Candor");
    }

    @Test
    void aReleaseBuildsNothing() {
        home(folder.toString());
        assertThat(Installation.here()).isEqualTo(Installation.RELEASE);
        assertThat(FILE.remedy())
                .isEqualTo("take a release that has it, or name a file of it: "
                        + "CANDOR_JAVA_OPTS=-Dcandor.library.candor_none=PATH");
    }

    @Test
    void aProgramOfOthersHasNoHome() {
        home(null);
        assertThat(Installation.here()).isEqualTo(Installation.LIBRARY);
        assertThat(FILE.remedy()).startsWith("build it with");
    }

    /** The system keeps it for a process that has loaded it. */
    @Test
    void anUnpackedCopyIsGoneOnceItIsLoaded() {
        LibraryFile packed = new LibraryFile("candor_cpu", "a C compiler on the PATH", "./mvnw package");
        Assumptions.assumeTrue(
                LibraryFile.class.getResource(packed.resource()) != null, "candor_cpu is not packed: it was not built");
        Path copy;
        try (LibraryFile.Found found = packed.find()) {
            copy = found.file();
            assertThat(copy).isRegularFile();
            assertThat(found).hasToString(packed.name() + ", packed with the program");
            System.load(copy.toString());
        }
        assertThat(copy).doesNotExist();
        assertThat(copy.getParent()).doesNotExist();
        assertThat(CandorCpu.candor_cpu_api_version()).isEqualTo(CandorCpu.CANDOR_CPU_API_VERSION());
    }

    @Test
    void aFileThatAUserNamedStays() throws IOException {
        Path named = Files.writeString(folder.resolve(FILE.name()), "anything");
        System.setProperty(FILE.property(), named.toString());
        try (LibraryFile.Found found = FILE.find()) {
            assertThat(found.file()).isEqualTo(named.toAbsolutePath());
        }
        assertThat(named).exists();
    }
}
