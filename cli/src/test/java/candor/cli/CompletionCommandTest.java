package candor.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CompletionCommandTest {
    @TempDir
    private Path temp;

    /** What a shell prints when it is given the script in a file, and then asked. */
    private String asked(String shell, String script, String question) throws IOException, InterruptedException {
        Path file = Files.writeString(temp.resolve("script"), script);
        Process process = new ProcessBuilder(shell, "-c", question, shell, file.toString())
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        process.waitFor();
        return said;
    }

    private static boolean has(String shell) {
        return Stream.of(System.getenv("PATH").split(":"))
                .anyMatch(folder -> Files.isExecutable(Path.of(folder, shell)));
    }

    @Test
    void bashCompletesCommandsAndOptions() throws Exception {
        assumeTrue(has("bash"), "skipped: bash is not installed");
        String script = Cli.run("completion", "bash").succeeded().out();
        String question = """
            . "$1"; COMP_WORDS=(candor %s); COMP_CWORD=%d; _complete_candor 2>/dev/null; printf '%%s\\n' "${COMPREPLY[@]}"
            """;
        assertThat(asked("bash", script, question.formatted("tra", 1)).lines()).containsExactly("train");
        assertThat(asked("bash", script, question.formatted("train sft --lora-r", 3))
                        .lines())
                .contains("--lora-rank");
        assertThat(Cli.run("completion", "zsh").succeeded().out()).isEqualTo(script);
    }

    @Test
    void fishCompletesCommandsAndOptions() throws Exception {
        String script = Cli.run("completion", "fish").succeeded().out();
        assertThat(script)
                .contains("complete -c candor -n '__candor_at' -f -a train -d 'Trains an adapter, or a whole model'\n")
                .contains(
                        "complete -c candor -n '__candor_at train sft' -l lora-rank -r -d 'Rank of a fresh adapter'\n")
                .contains("complete -c candor -n '__candor_at eval mask' -l base -l no-base -d ");
        assumeTrue(has("fish"), "skipped: fish is not installed");
        String question = "source $argv[1]; complete -C '%s'";
        assertThat(asked("fish", script, question.formatted("candor train ")).lines())
                .anyMatch(line -> line.startsWith("sft\t"));
        assertThat(asked("fish", script, question.formatted("candor train sft --lora-r"))
                        .lines())
                .anyMatch(line -> line.startsWith("--lora-rank"));
    }

    @Test
    void aPageForEachCommand() throws IOException {
        Path man = temp.resolve("man");
        Cli.run("completion", "man", "--output", man.toString()).succeeded();
        String page = Files.readString(man.resolve("candor-train-sft.1"));
        assertThat(page)
                .startsWith(".TH \"CANDOR-TRAIN-SFT\" 1 ")
                .contains(".SH STEPS\n", "\\fB\\-\\-learning\\-rate\\fR=X\n", ".SH EXAMPLES\n", ".SH EXIT STATUS\n");
        assertThat(page.lines().filter(line -> line.startsWith(".")))
                .allMatch(line -> line.matches("\\.(TH|SH|TP|PP|B|nf|fi)( .*)?"));
        for (String name : List.of("candor", "candor-chat", "candor-eval-mask", "candor-export-gguf")) {
            assertThat(man.resolve(name + ".1")).exists();
        }
    }

    @Test
    void whatDoesNotGoTogether() {
        Cli.run("completion", "man").refused("man: pages are files", "--output");
        Cli.run("completion", "bash", "--output", "x").refused("--output: belongs to man");
        assertThat(Cli.run("completion", "powershell").code()).isEqualTo(2);
    }
}
