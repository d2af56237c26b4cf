package candor.ops;

import static org.assertj.core.api.Assertions.assertThat;

import candor.bindings.NativeLibrary;
import candor.ops.cuda.EmulatedDevice;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What {@code auto} takes. The emulator's library stands where the GPU's would, and plays the machines: each is a process of its
 * own, since a process loads one library and asks once.
 */
class AutoBackendTest {
    @TempDir
    Path temp;

    /** Says what is taken for heads of a width, and whether all weights are trained. */
    public static final class Main {
        private Main() {}

        public static void main(String[] args) {
            Heads heads = new Heads(2, 1, Integer.parseInt(args[0]));
            Backends.Choice choice = Backends.choose(
                    heads, Boolean.parseBoolean(args[1]), AskedDtype.valueOf(args.length > 2 ? args[2] : "AUTO"));
            try (Backend backend = Backends.open(choice.backend(), 1)) {
                System.out.println(backend.name() + "; " + choice.reason());
            }
        }
    }

    private static Path library() throws IOException {
        EmulatedDevice.assumeThere();
        String property = System.getProperty(NativeLibrary.EMULATED.property());
        if (property != null) {
            return Path.of(property);
        }
        Path file = Files.createTempFile("candor", NativeLibrary.EMULATED.fileName());
        file.toFile().deleteOnExit();
        String os = System.getProperty("os.name").toLowerCase(Locale.ROOT).replace(' ', '-');
        String resource =
                "/candor/native/" + os + "-" + System.getProperty("os.arch") + "/" + NativeLibrary.EMULATED.fileName();
        try (var in = NativeLibrary.class.getResourceAsStream(resource)) {
            Files.write(file, in.readAllBytes());
        }
        return file;
    }

    private String taken(Path library, String machine, String... args) throws Exception {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules=jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("surefire.real.class.path", System.getProperty("java.class.path"))));
        if (library != null) {
            command.add("-D" + NativeLibrary.CUDA.property() + "=" + library);
        }
        command.add(Main.class.getName());
        command.addAll(args.length == 0 ? List.of("64", "false") : List.of(args));
        Path said = temp.resolve("said");
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectOutput(said.toFile())
                .redirectError(temp.resolve("err").toFile());
        builder.environment().put("CANDOR_EMULATOR", machine);
        Process process = builder.start();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue())
                .as(Files.readString(temp.resolve("err")))
                .isZero();
        return Files.readString(said, StandardCharsets.UTF_8).strip();
    }

    /** Each machine, and what is said of it. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        capability=80                | cuda; emulated (emulated on this processor), compute capability 8.0
        capability=75                | cpu; no GPU is used: deviceOpen: emulated is of compute capability 7.5, and the kernels want 8.0 or newer
        capability=80 driver=11020   | cpu; no GPU is used: deviceCount: the driver is for CUDA 11.2, and the kernels want one for 12.0 or newer; update it
        capability=80 devices=0      | cpu; no GPU is used: this machine shows no CUDA device; see what nvidia-smi says
        """)
    void takesAGpuThatWorksAndSaysWhyNot(String machine, String expected) throws Exception {
        assertThat(taken(library(), machine)).startsWith(expected).hasLineCount(1);
    }

    @Test
    void whatTheKernelsDoNotDoIsTheCpus() throws Exception {
        assertThat(taken(library(), "", "256", "false"))
                .isEqualTo("cpu; no GPU is used: of this model, its attention heads are 256 wide, and the GPU's kernels"
                        + " take multiples of 8 up to 128");
        assertThat(taken(library(), "", "64", "true"))
                .isEqualTo("cpu; all weights are trained, which a GPU's kernels do not do");
    }

    @Test
    void aLibraryThatIsMissingOrBrokenIsNamed() throws Exception {
        Path broken = Files.writeString(temp.resolve("broken.so"), "not a library");
        assertThat(taken(broken, "")).startsWith("cpu; no GPU is used: " + broken + ": does not load: ");
        if (!NativeLibrary.CUDA.isThere()) {
            assertThat(taken(null, ""))
                    .startsWith("cpu; no GPU is used: " + NativeLibrary.CUDA.fileName()
                            + " is not built; where there is a GPU, build it with nvcc");
        }
    }
}
