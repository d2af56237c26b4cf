package candor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import candor.BadInput;
import candor.ops.Unsupported;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

class CandorTest {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    private int run(String... args) {
        return Candor.run(Streams.checked(out), errors(), args);
    }

    private PrintStream errors() {
        return new PrintStream(err, true, StandardCharsets.UTF_8);
    }

    private String out() {
        return out.toString(StandardCharsets.UTF_8);
    }

    private String err() {
        return err.toString(StandardCharsets.UTF_8);
    }

    @Test
    void helpListsTheCommandsOnStdout() {
        assertThat(run("--help")).isZero();
        assertThat(out()).startsWith("Usage: candor").containsPattern("(?m)^ +doctor +What this machine has");
        assertThat(err()).isEmpty();
    }

    @Test
    void everyCommandHasHelpAndSaysWhatItIs() {
        CommandLine line = Candor.commandLine(Streams.checked(out), errors());
        Subcommands.complete(line);
        assertThat(line.getSubcommands()).isNotEmpty();
        line.getSubcommands().forEach((name, command) -> {
            assertThat(command.getCommandSpec().usageMessage().description())
                    .as(name)
                    .isNotEmpty();
            assertThat(run(name, "--help")).as(name).isZero();
        });
        assertThat(out())
                .contains("Usage: candor doctor")
                .as("a default is said once")
                .doesNotContainPattern("Default:\\s+\\S+\\s+Default:");
        assertThat(err()).isEmpty();
    }

    @Test
    void versionNamesProjectAndJava() {
        assertThat(run("--version")).isZero();
        assertThat(out()).matches("candor \\d+\\.\\d+\\.\\S+( \\(.*\\))?\\RJava 25.*\\R");
    }

    @Test
    void withoutACommandTheHelpGoesToStderr() {
        assertThat(run()).isEqualTo(2);
        assertThat(out()).isEmpty();
        assertThat(err()).startsWith("Usage: candor");
    }

    @Test
    void anUnknownCommandNamesTheNearest() {
        assertThat(run("docter")).isEqualTo(2);
        assertThat(err().lines())
                .containsExactly("error: no such command: 'docter'; did you mean doctor?", "see: candor --help");
        assertThat(out()).isEmpty();
    }

    @Test
    void anUnknownOptionNamesTheNearestAndTheCommandsHelp() {
        assertThat(run("doctor", "--verbos")).isEqualTo(2);
        assertThat(err().lines()).hasSize(2);
        assertThat(err())
                .startsWith("error: Unknown option: '--verbos'; did you mean ")
                .contains("--verbose");
        assertThat(err()).endsWith("see: candor doctor --help" + System.lineSeparator());
    }

    @Test
    void aStrayArgumentIsNotTakenForACommand() {
        assertThat(run("doctor", "x\ny")).isEqualTo(2);
        assertThat(err().lines()).containsExactly("error: unexpected argument 'x y'", "see: candor doctor --help");
    }

    @Test
    void badInputIsOneLineAndExitCode2() {
        assertThat(new Errors(errors()).exitCode(new BadInput("no such folder: modèle")))
                .isEqualTo(2);
        assertThat(err()).isEqualTo("error: no such folder: modèle" + System.lineSeparator());
    }

    @Test
    void whatABackendDoesNotComputeIsOneLine() {
        assertThat(new Errors(errors()).exitCode(new Unsupported("attention: heads of width 256; the CPU takes any")))
                .isEqualTo(2);
        assertThat(err()).isEqualTo("error: attention: heads of width 256; the CPU takes any" + System.lineSeparator());
    }

    @Test
    void anythingElseIsABugWithItsStackTrace() {
        assertThat(new Errors(errors()).exitCode(new IllegalStateException("odd")))
                .isEqualTo(1);
        assertThat(err())
                .startsWith("error: this is a bug in Candor")
                .contains("IllegalStateException: odd", "at candor.cli.CandorTest");
    }

    @Test
    void afullHeapIsALineNotABug() {
        assertThat(new Errors(errors()).exitCode(new OutOfMemoryError("Java heap space")))
                .isEqualTo(1);
        assertThat(err().lines()).hasSize(1);
        assertThat(err()).contains("Java heap space", "CANDOR_JAVA_OPTS");
    }

    @Test
    void aFullMachineIsNotTakenForAFullHeap() {
        assertThat(new Errors(errors()).exitCode(new OutOfMemoryError("cannot map 9000000000 bytes")))
                .isEqualTo(1);
        assertThat(err())
                .contains("(cannot map 9000000000 bytes): the machine has no more")
                .doesNotContain("-Xmx");
    }

    @ParameterizedTest
    @ValueSource(strings = {"--help", "--version", "doctor"})
    void aReaderThatIsGoneEndsItQuietly(String argument) {
        PrintStream gone = Streams.checked(failing("Broken pipe"));
        assertThat(withStdout(gone, () -> Candor.run(gone, errors(), argument))).isEqualTo(141);
        assertThat(err()).isEmpty();
    }

    @Test
    void aFullDiskIsSaid() {
        PrintStream full = Streams.checked(failing("No space left on device"));
        assertThat(withStdout(full, () -> Candor.run(full, errors(), "doctor"))).isEqualTo(1);
        assertThat(err().lines()).containsExactly("error: cannot write to standard output: No space left on device");
    }

    private static int withStdout(PrintStream stdout, java.util.function.IntSupplier work) {
        PrintStream before = System.out;
        System.setOut(stdout);
        try {
            return work.getAsInt();
        } finally {
            System.setOut(before);
        }
    }

    private static OutputStream failing(String why) {
        return new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException(why);
            }
        };
    }
}
