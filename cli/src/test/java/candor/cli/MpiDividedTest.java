package candor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import candor.bindings.MpiLibrary.Kind;
import candor.study.HereStudies;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Prompts and evaluations that mpirun divides by rows: the files of one process, whatever happens to one of several. */
@Tag("slow")
class MpiDividedTest {
    private static final Path GOLDEN = GoldenTrainTest.golden("llama3");

    /** With one sequence at once, a process has eight of them in a round: twice as many rows, by two adapters, are several. */
    private static final int ROWS = 30;

    @TempDir
    Path temp;

    private Path prompts;
    private Path questions;
    private Path choices;

    @BeforeEach
    void files() throws IOException {
        files(ROWS);
    }

    private void files(int rows) throws IOException {
        List<String> asked = new ArrayList<>();
        List<String> sums = new ArrayList<>();
        List<String> chosen = new ArrayList<>();
        for (int i = 0; i < rows; i++) {
            asked.add("{\"n\":" + i + ",\"prompt\":\"What about " + i + "?\"}");
            sums.add("{\"question\":\"1 + " + i + "?\",\"answer\":\"It is so.\\n#### " + (1 + i) + "\"}");
            chosen.add("{\"question\":\"" + i + "?\",\"subject\":\"maths\",\"choices\":[\"0\",\"1\",\"2\",\"" + i
                    + "\"],\"answer\":3}");
        }
        prompts = Files.write(temp.resolve("prompts.jsonl"), asked);
        questions = Files.write(temp.resolve("gsm8k.jsonl"), sums);
        choices = Files.write(temp.resolve("mmlu.jsonl"), chosen);
    }

    private static List<String> with(List<String> args, String... more) {
        return Stream.concat(args.stream(), Stream.of(more)).toList();
    }

    private List<String> generate(Path output, int tokens) {
        return with(
                List.of("generate", "--model", GOLDEN.resolve("model").toString(), "--prompts", prompts.toString()),
                "--output",
                output.toString(),
                "--adapter",
                "base",
                GOLDEN.resolve("adapter").toString(),
                "--max-new-tokens",
                Integer.toString(tokens),
                "--logprobs",
                "--seed",
                "3",
                "--batch-size",
                "1",
                "--threads",
                "1");
    }

    /** Into a folder, with a cache of its own: what one run has answered must not be the other's answer. */
    private static List<String> eval(String task, Path data, Path output, String... more) {
        List<String> args = with(
                List.of("eval", task, "--model", GOLDEN.resolve("model").toString(), "--data", data.toString()),
                "--adapter",
                "tuned=" + GOLDEN.resolve("adapter"),
                "--output",
                output.toString(),
                "--cache",
                cache(output).toString(),
                "--batch-size",
                "1",
                "--threads",
                "1",
                "--kv-cache-mib",
                "16",
                "--bootstrap-resamples",
                "50");
        return with(args, more);
    }

    private static Path cache(Path output) {
        return output.resolveSibling(output.getFileName() + "-cache");
    }

    private List<String> replies(Path output, int tokens) {
        return eval(
                "gsm8k",
                questions,
                output,
                "--num-fewshot",
                "0",
                "--temperature",
                "1",
                "--seed",
                "5",
                "--max-new-tokens",
                Integer.toString(tokens));
    }

    private List<List<String>> commands(Path folder) throws IOException {
        Files.createDirectories(folder);
        return List.of(
                generate(folder.resolve("generated.jsonl"), 5),
                replies(folder.resolve("gsm8k"), 5),
                eval("mmlu", choices, folder.resolve("mmlu"), "--method", "log-likelihood", "--num-fewshot", "0"));
    }

    private static void sameFiles(Path folder, Path whole) throws IOException {
        try (Stream<Path> files = Files.list(whole)) {
            List<String> names =
                    files.map(file -> file.getFileName().toString()).sorted().toList();
            assertThat(names).isNotEmpty();
            try (Stream<Path> there = Files.list(folder)) {
                assertThat(there.map(file -> file.getFileName().toString())).containsExactlyInAnyOrderElementsOf(names);
            }
            for (String name : names) {
                assertThat(folder.resolve(name)).hasSameBinaryContentAs(whole.resolve(name));
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"OPEN_MPI, 2", "MPICH, 3"})
    void severalProcessesWriteTheBytesOfOne(Kind kind, int processes) throws Exception {
        List<String> command = Mpirun.command(kind, processes, MpiCommands.class);
        Path whole = temp.resolve("whole");
        for (List<String> line : commands(whole)) {
            Cli.run(line).succeeded();
        }
        Path divided = temp.resolve("divided");
        List<String> lines =
                commands(divided).stream().map(line -> String.join("\t", line)).toList();
        command.add(Files.write(temp.resolve("commands"), lines).toString());
        Path log = temp.resolve("log");
        Process process = Mpirun.start(command, log);
        Mpirun.ends(process);
        assertThat(process.exitValue()).as(Files.readString(log)).isZero();
        assertThat(divided.resolve("generated.jsonl")).hasSameBinaryContentAs(whole.resolve("generated.jsonl"));
        sameFiles(divided.resolve("gsm8k"), whole.resolve("gsm8k"));
        sameFiles(divided.resolve("mmlu"), whole.resolve("mmlu"));
        // One of them speaks, and one writes.
        assertThat(Files.readString(log)).containsOnlyOnce(divided.resolve("generated.jsonl") + "\n");
        try (Stream<Path> caches = Files.list(cache(divided.resolve("gsm8k")))) {
            assertThat(caches).hasSize(1);
        }
    }

    @Test
    void aStudyOfSeveralProcessesHasTheResultsOfOne() throws Exception {
        List<String> command = Mpirun.command(Kind.OPEN_MPI, 2, Candor.class);
        Path config = HereStudies.mixture(temp);
        Path output = temp.resolve("divided");
        command.addAll(List.of("study", "mixture", "--config", config.toString(), "--output", output.toString()));
        Path log = temp.resolve("log");
        Process process = Mpirun.start(command, log);
        Mpirun.ends(process);
        assertThat(process.exitValue()).as(Files.readString(log)).isZero();
        assertThat(HereStudies.results(output)).isEqualTo(HereStudies.run(config, temp.resolve("whole")));
        assertThat(Files.readString(log)).containsOnlyOnce(output + "\n");
    }

    /** One follower hears a signal that the others do not: the run stops in order all the same. */
    @ParameterizedTest
    @CsvSource({"OPEN_MPI, eval", "MPICH, generate"})
    void aSignalToOneOfThemStopsAll(Kind kind, String what) throws Exception {
        files(300);
        Path output = temp.resolve("run");
        List<String> command = Mpirun.command(kind, 3, Candor.class);
        command.addAll(what.equals("eval") ? replies(output, 60) : generate(output, 60));
        Path kept = what.equals("eval") ? cache(output) : output.resolveSibling("run.partial");
        Path log = temp.resolve("log");
        Process process = Mpirun.start(command, log);
        Mpirun.await(() -> answered(kept).size() > 1);
        Mpirun.signal(process, 2, "USR1");
        Mpirun.ends(process);
        assertThat(Files.readString(log)).contains("stopped; ").contains("with any number of processes");
        assertThat(Mpirun.errors(log)).isEmpty();
        assertThat(process.exitValue()).isNotZero();
        assertThat(answered(kept)).hasSizeBetween(2, 599);
        assertThat(what.equals("eval") ? output.resolve("results.jsonl") : output)
                .doesNotExist();
    }

    /** Complete lines: a killed process may leave a part of one. */
    private static List<String> answered(Path cache) throws IOException {
        List<String> lines = new ArrayList<>();
        if (Files.exists(cache)) {
            try (Stream<Path> files = Files.isDirectory(cache) ? Files.list(cache) : Stream.of(cache)) {
                for (Path file : files.toList()) {
                    String text = Files.readString(file);
                    text.substring(0, text.lastIndexOf('\n') + 1).lines().forEach(lines::add);
                }
            }
        }
        return lines;
    }

    /** Open MPI's mpirun ends all of them a second after it has told them; SIGUSR1 it only hands on, and then ends as they do. */
    @ParameterizedTest
    @CsvSource({
        "OPEN_MPI, generate, USR1, 138",
        "OPEN_MPI, eval, INT, 1",
        "MPICH, generate, INT, 130",
        "MPICH, eval, INT, 130"
    })
    void aStopKeepsWhatIsDoneAndSaysHowToGoOn(Kind kind, String what, String signal, int code) throws Exception {
        Pty.assumeThere();
        files(300);
        Path output = temp.resolve("run");
        List<String> command = Mpirun.command(kind, 2, Candor.class);
        if (kind == Kind.OPEN_MPI) {
            command.addAll(1, List.of("--mca", "odls_base_sigkill_timeout", "3"));
        }
        command.addAll(what.equals("eval") ? replies(output, 60) : generate(output, 60));
        Path kept = what.equals("eval") ? cache(output) : output.resolveSibling("run.partial");
        try (Pty pty = Pty.start(temp, 300, Mpirun.AS_ROOT, "", command)) {
            Mpirun.await(() -> answered(kept).size() > 1); // the first line of one of them is of what it is
            if (signal.equals("INT")) {
                pty.type(Pty.CTRL_C);
            } else {
                pty.signal(signal);
            }
            pty.await("continue with: ./candor " + what).await(", with any number of processes");
            assertThat(pty.code()).isEqualTo(code);
            assertThat(pty.output())
                    .contains(" stopped")
                    .containsOnlyOnce("continue with")
                    .doesNotContain("error:");
        }
        assertThat(answered(kept)).hasSizeBetween(2, 599);
        assertThat(what.equals("eval") ? output.resolve("results.jsonl") : output)
                .doesNotExist();
    }

    @ParameterizedTest
    @CsvSource({"OPEN_MPI, 1", "MPICH, 2", "OPEN_MPI, 0"})
    void anEvaluationWhoseProcessIsKilledGoesOnFromItsAnswers(Kind kind, int rank) throws Exception {
        Path output = temp.resolve("run");
        List<String> command = Mpirun.command(kind, 3, Candor.class);
        command.addAll(replies(output, 60));
        Path log = temp.resolve("log");
        Process process = Mpirun.start(command, log);
        Mpirun.await(() -> {
            assertThat(process.isAlive()).as(Files.readString(log)).isTrue();
            return !answered(cache(output)).isEmpty();
        });
        Mpirun.kill(process, rank);
        Mpirun.ends(process);
        assertThat(process.exitValue()).isNotZero();
        assertThat(Mpirun.errors(log))
                .as(Files.readString(log))
                .singleElement()
                .asString()
                .startsWith("error: process " + rank + " of 3 has ended without a word")
                .endsWith("with any number of processes");
        assertThat(output.resolve("results.jsonl")).doesNotExist();
        List<String> kept = answered(cache(output));
        assertThat(kept).hasSizeBetween(1, 2 * ROWS - 1);

        Cli.run(replies(output, 60)).succeeded();
        // Each was asked once: what was kept is there still, and nothing twice.
        assertThat(answered(cache(output))).hasSize(2 * ROWS).containsAll(kept).doesNotHaveDuplicates();
        Path whole = temp.resolve("whole");
        Cli.run(replies(whole, 60)).succeeded();
        sameFiles(output, whole);
    }
}
