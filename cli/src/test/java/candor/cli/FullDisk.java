package candor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A program of its own under a limit on the size of files, which stands for a disk that is full. */
final class FullDisk {
    private FullDisk() {}

    /** The one line that it ends with. */
    static String refused(int kibibytes, List<String> args) throws Exception {
        List<String> command = new ArrayList<>(
                List.of("bash", "-c", "ulimit -f " + kibibytes + "; trap '' XFSZ; exec \"$@\"", "bash"));
        command.addAll(List.of(
                ProcessHandle.current().info().command().orElseThrow(),
                "-XX:-UsePerfData",
                "--add-modules=jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-DRUST_FLAVOR=cpu",
                "-cp",
                System.getProperty("java.class.path"),
                "candor.cli.Candor"));
        command.addAll(args);
        Process process = new ProcessBuilder(command)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(err).isEqualTo(2);
        assertThat(err).doesNotContain("\tat ");
        List<String> errors =
                err.lines().filter(line -> line.startsWith("error: ")).toList();
        assertThat(errors).hasSize(1);
        return errors.getFirst();
    }
}
