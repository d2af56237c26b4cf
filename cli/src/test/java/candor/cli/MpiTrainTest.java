package candor.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import candor.bindings.MpiLibrary.Kind;
import candor.bindings.NativeLibrary;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The program, started by mpirun: the bytes of one process, whatever happens to one of several. */
@Tag("slow")
class MpiTrainTest {
    private static final List<String> RUNS =
            List.of("llama3 sft", "qwen2 kto", "qwen3 full", "mistral dpo", "gemma3 sft");

    @TempDir
    Path temp;

    /** A small run on golden data, of five micro-batches a step. */
    private static List<String> run(String method, String model, Path output, int steps) {
        Path golden = GoldenTrainTest.golden(model);
        List<String> args = new ArrayList<>(List.of(
                "train",
                method,
                "--model",
                golden.resolve("model").toString(),
                "--data",
                golden.resolve(method.equals("full") ? "sft" : method)
                        .resolve("train.jsonl")
                        .toString(),
                "--output",
                output.toString(),
                "--learning-rate",
                "0.01",
                "--max-length",
                "60",
                "--per-device-train-batch-size",
                "1",
                "--gradient-accumulation-steps",
                "5",
                "--max-steps",
                Integer.toString(steps),
                "--save-steps",
                "2",
                "--threads",
                "1"));
        if (method.equals("sft")) {
            args.addAll(List.of("--lora-dropout", "0.1"));
        }
        return args;
    }

    private static Path written(Path run) {
        Path model = run.resolve("model/model.safetensors");
        return Files.exists(model) ? model : run.resolve("adapter/adapter_model.safetensors");
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void anyNumberOfProcessesGivesTheSameBytes(Kind kind) throws Exception {
        Mpirun.command(kind, 1, MpiCommands.class);
        for (String each : RUNS) {
            String[] of = each.split(" ");
            Cli.run(run(of[1], of[0], temp.resolve("1-" + each.replace(' ', '-')), 3))
                    .succeeded();
        }
        for (int processes : new int[] {2, 3, 4}) {
            List<String> lines = new ArrayList<>();
            for (String each : RUNS) {
                String[] of = each.split(" ");
                Path output = temp.resolve(processes + "-" + each.replace(' ', '-'));
                lines.add(String.join("\t", run(of[1], of[0], output, 3)));
            }
            List<String> command = Mpirun.command(kind, processes, MpiCommands.class);
            command.add(
                    Files.write(temp.resolve("commands-" + processes), lines).toString());
            Path log = temp.resolve("log-" + processes);
            Process process = Mpirun.start(command, log);
            Mpirun.ends(process);
            assertThat(process.exitValue()).as(Files.readString(log)).isZero();
            for (String each : RUNS) {
                Path whole = temp.resolve("1-" + each.replace(' ', '-'));
                Path run = temp.resolve(processes + "-" + each.replace(' ', '-'));
                assertThat(written(run)).hasSameBinaryContentAs(written(whole));
                assertThat(Files.readString(run.resolve("run.json"))).contains("\"processes\" : " + processes);
                // One of them speaks.
                assertThat(Files.readString(log)).containsOnlyOnce(run + ": done after 3 steps");
            }
        }
    }

    /** One is killed: the first says so in a line, and fewer go on from the checkpoint that is there, to the same bytes. */
    @ParameterizedTest
    @CsvSource({"OPEN_MPI, 1", "MPICH, 2", "OPEN_MPI, 0"})
    void oneThatIsKilledCostsNoMoreThanTheStepsSinceTheLastCheckpoint(Kind kind, int rank) throws Exception {
        Path run = temp.resolve("run");
        List<String> command = Mpirun.command(kind, 3, Candor.class);
        command.addAll(run("sft", "llama3", run, 40));
        Path log = temp.resolve("log");
        Process process = Mpirun.start(command, log);
        while (!Files.exists(run.resolve("checkpoints/step-2"))) {
            assertThat(process.isAlive()).as(Files.readString(log)).isTrue();
            TimeUnit.MILLISECONDS.sleep(5);
        }
        Mpirun.kill(process, rank);
        Mpirun.ends(process);
        assertThat(process.exitValue()).isNotZero();
        List<String> errors = Mpirun.errors(log);
        // MPICH's mpirun may end the others before they have said it; then it says itself that one was killed.
        if (kind == Kind.MPICH && errors.isEmpty()) {
            assertThat(Files.readString(log)).contains("Killed (signal 9)");
        } else {
            assertThat(errors).as(Files.readString(log)).hasSize(1);
        }
        assertThat(errors).allSatisfy(error -> assertThat(error)
                .startsWith("error: process " + rank + " of 3 has ended without a word")
                .endsWith("--resume, with any number of processes"));
        assertThat(written(run)).doesNotExist();

        List<String> resume = Mpirun.command(kind, 2, Candor.class);
        resume.addAll(run("sft", "llama3", run, 40));
        resume.add("--resume");
        Process resumed = Mpirun.start(resume, temp.resolve("log-resumed"));
        Mpirun.ends(resumed);
        assertThat(resumed.exitValue())
                .as(Files.readString(temp.resolve("log-resumed")))
                .isZero();
        Path whole = temp.resolve("whole");
        Cli.run(run("sft", "llama3", whole, 40)).succeeded();
        assertThat(written(run)).hasSameBinaryContentAs(written(whole));
    }

    /** Gradients and parameters go over pinned memory there, and the emulator is such a device. */
    @ParameterizedTest
    @EnumSource(Kind.class)
    void aDeviceGivesTheSameBytesToo(Kind kind) throws Exception {
        assumeTrue(NativeLibrary.EMULATED.isThere(), "the emulator's library was not built");
        List<String> device = List.of("--backend", "cuda-emulated", "--optim", "adamw_8bit", "--lora-rank", "4");
        Path whole = temp.resolve("whole");
        Cli.run(run("kto", "llama3", whole, 2), device.toArray(String[]::new)).succeeded();
        Path run = temp.resolve("run");
        List<String> command = Mpirun.command(kind, 3, Candor.class);
        command.addAll(run("kto", "llama3", run, 2));
        command.addAll(device);
        Path log = temp.resolve("log");
        Process process = Mpirun.start(command, log);
        Mpirun.ends(process);
        assertThat(process.exitValue()).as(Files.readString(log)).isZero();
        assertThat(written(run)).hasSameBinaryContentAs(written(whole));
        Path moments = Path.of("checkpoints/step-2/first_moment.u8");
        assertThat(run.resolve(moments)).hasSameBinaryContentAs(whole.resolve(moments));
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void anErrorOfAllIsToldOnce(Kind kind) throws Exception {
        List<String> command = Mpirun.command(kind, 3, Candor.class);
        List<String> args = run("sft", "llama3", temp.resolve("run"), 3);
        args.set(args.indexOf("--data") + 1, temp.resolve("nothing.jsonl").toString());
        command.addAll(args);
        Path log = temp.resolve("log");
        Process process = Mpirun.start(command, log);
        Mpirun.ends(process);
        assertThat(process.exitValue()).isNotZero();
        assertThat(Mpirun.errors(log))
                .as(Files.readString(log))
                .containsExactly("error: " + temp.resolve("nothing.jsonl") + ": cannot be read: there is no such file");
    }

    /** What is wrong in one process alone, on its command line or among its files, is told once, and ends all. */
    @ParameterizedTest
    @CsvSource({"OPEN_MPI, --lora-rank, many, many", "MPICH, --data, nothing.jsonl, there is no such file"})
    void anErrorOfOneAloneEndsAll(Kind kind, String option, String value, String told) throws Exception {
        List<String> args = run("sft", "llama3", temp.resolve("run"), 3);
        List<String> other = new ArrayList<>(args);
        if (option.equals("--data")) {
            other.set(other.indexOf(option) + 1, temp.resolve(value).toString());
        } else {
            other.addAll(List.of(option, value));
        }
        List<String> command = Mpirun.command(kind, 1, Candor.class);
        List<String> program = command.subList(command.indexOf("-n"), command.size());
        List<String> both = new ArrayList<>(command);
        both.addAll(args);
        both.add(":");
        both.addAll(program);
        both.addAll(other);
        Path log = temp.resolve("log");
        Process process = Mpirun.start(both, log);
        Mpirun.ends(process);
        assertThat(Mpirun.errors(log))
                .as(Files.readString(log))
                .singleElement()
                .asString()
                .startsWith("error: process 1 of 2: ")
                .contains(told);
        assertThat(process.exitValue()).isEqualTo(2);
        assertThat(temp.resolve("run/adapter")).doesNotExist();
    }
}
