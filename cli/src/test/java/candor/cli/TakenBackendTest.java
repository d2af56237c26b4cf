package candor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import candor.bindings.NativeLibrary;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** What commands say and record of {@code --backend auto}; what it takes where is held by the engine's AutoBackendTest. */
class TakenBackendTest {
    @TempDir
    Path temp;

    private static Path golden(String file) {
        return GoldenTrainTest.golden("qwen3").resolve(file);
    }

    private static List<String> sft(String command, Path output, String... more) {
        List<String> words = new ArrayList<>(List.of(
                command,
                "sft",
                "--model",
                golden("model").toString(),
                "--data",
                golden("sft/train.jsonl").toString(),
                "--output",
                output.toString(),
                "--lora-rank",
                "4",
                "--max-length",
                "80",
                "--per-device-train-batch-size",
                "2"));
        words.addAll(List.of(more));
        return words;
    }

    /** The emulator's library where the GPU's would lie: as far as the program can tell, a GPU. */
    private String emulated(List<String> args) throws Exception {
        Path library = temp.resolve(NativeLibrary.CUDA.fileName());
        String os = System.getProperty("os.name").toLowerCase(Locale.ROOT).replace(' ', '-');
        try (InputStream in = NativeLibrary.class.getResourceAsStream("/candor/native/" + os + "-"
                + System.getProperty("os.arch") + "/" + NativeLibrary.EMULATED.fileName())) {
            Assumptions.assumeTrue(in != null, "skipped: the emulator's library is not built");
            Files.write(library, in.readAllBytes());
        }
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules=jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-DRUST_FLAVOR=cpu",
                "-XX:TieredStopAtLevel=1",
                "-D" + NativeLibrary.CUDA.property() + "=" + library,
                "-cp",
                System.getProperty("surefire.real.class.path", System.getProperty("java.class.path")),
                Candor.class.getName()));
        command.addAll(args);
        Path said = temp.resolve("said");
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(said.toFile())
                .start();
        assertThat(process.waitFor(2, TimeUnit.MINUTES)).isTrue();
        String text = Files.readString(said);
        assertThat(process.exitValue()).as(text).isZero();
        return text;
    }

    private static String recorded(Path run) throws IOException {
        return new ObjectMapper()
                .readTree(run.resolve("run.json").toFile())
                .get("backend")
                .asText();
    }

    @Test
    void aRunTakesTheGpuAndIsResumedOnWhatItWasStartedOn() throws Exception {
        Path there = temp.resolve("there");
        assertThat(emulated(sft("train", there, "--max-steps", "1")))
                .contains("backend: cuda; emulated (emulated on this processor)", "plan: GPU ");
        assertThat(recorded(there)).isEqualTo("cuda");

        Assumptions.assumeFalse(NativeLibrary.CUDA.isThere(), "the rest is skipped: the GPU's library is built here");
        // Started where there was no GPU, resumed where there is one.
        Path here = temp.resolve("here");
        Cli.run(sft("train", here, "--max-steps", "1", "--lr-scheduler-type", "constant"))
                .succeeded();
        String resumed =
                emulated(sft("train", here, "--max-steps", "2", "--lr-scheduler-type", "constant", "--resume"));
        assertThat(resumed).contains("backend: cpu; the run was started on it");
        assertThat(recorded(here)).isEqualTo("cpu");
    }

    @Test
    void withoutAGpuThatIsSaidInALine() {
        Assumptions.assumeFalse(NativeLibrary.CUDA.isThere(), "skipped: the GPU's library is built here");
        ListAppender<ILoggingEvent> lines = new ListAppender<>();
        lines.start();
        Logger logger = (Logger) LoggerFactory.getLogger(TakenBackend.class);
        logger.addAppender(lines);
        try {
            Cli.run(sft("plan", temp.resolve("run"))).succeeded();
        } finally {
            logger.detachAppender(lines);
        }
        assertThat(lines.list)
                .singleElement()
                .extracting(ILoggingEvent::getFormattedMessage)
                .asString()
                .startsWith("backend: cpu; no GPU is used: " + NativeLibrary.CUDA.fileName() + " is not built");
    }
}
