package candor.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import candor.bindings.MpiLibrary.Kind;
import candor.bindings.NativeLibrary;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The program, started by mpirun: the bytes of one process, whatever happens to one of several. */
class MpiTrainTest {
    private static final List<String> RUNS =
            List.of("llama3 sft", "qwen2 kto", "qwen3 full", "mistral dpo", "gemma3 sft");

    @TempDir
    Path temp;

    private static List<String> command(Kind kind, int processes, Class<?> main) {
        String name = kind == Kind.OPEN_MPI ? "mpirun.openmpi" : "mpirun.mpich";
        Path mpirun = Stream.of(System.getenv("PATH").split(File.pathSeparator))
                .map(folder -> Path.of(folder, name))
                .filter(Files::isExecutable)
                .findFirst()
                .orElse(null);
        assumeTrue(mpirun != null, name + " is not on the PATH");
        assumeTrue(kind.isThere(), "the library for " + kind + " was not built");
        return new ArrayList<>(List.of(
                mpirun.toString(),
                kind == Kind.OPEN_MPI ? "--oversubscribe" : "-disable-auto-cleanup",
                "-n",
                Integer.toString(processes),
                // Open MPI's mpirun rewrites the command lines of programs that are called java.
                "env",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules=jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-DRUST_FLAVOR=cpu",
                "-Xmx512m",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("surefire.real.class.path", System.getProperty("java.class.path")),
                main.getName()));
    }

    private Process start(List<String> command, Path log) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().put("OMPI_ALLOW_RUN_AS_ROOT", "1");
        builder.environment().put("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1");
        Process process =
                builder.redirectErrorStream(true).redirectOutput(log.toFile()).start();
        process.getOutputStream().close();
        return process;
    }

    private static void ends(Process process) throws InterruptedException {
        boolean ended = process.waitFor(10, TimeUnit.MINUTES);
        if (!ended) {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
        assertThat(ended).isTrue();
    }

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
        command(kind, 1, MpiCommands.class);
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
            List<String> command = command(kind, processes, MpiCommands.class);
            command.add(
                    Files.write(temp.resolve("commands-" + processes), lines).toString());
            Path log = temp.resolve("log-" + processes);
            Process process = start(command, log);
            ends(process);
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
        List<String> command = command(kind, 3, Candor.class);
        command.addAll(run("sft", "llama3", run, 40));
        Path log = temp.resolve("log");
        Process process = start(command, log);
        while (!Files.exists(run.resolve("checkpoints/step-2"))) {
            assertThat(process.isAlive()).as(Files.readString(log)).isTrue();
            TimeUnit.MILLISECONDS.sleep(5);
        }
        process.descendants().filter(each -> hasRank(each, rank)).forEach(ProcessHandle::destroyForcibly);
        ends(process);
        assertThat(process.exitValue()).isNotZero();
        List<String> errors = Files.readAllLines(log).stream()
                .filter(line -> line.startsWith("error: "))
                .toList();
        assertThat(errors).as(Files.readString(log)).hasSize(1);
        assertThat(errors.getFirst())
                .startsWith("error: process " + rank + " of 3 has ended without a word")
                .endsWith("--resume, with any number of processes");
        assertThat(written(run)).doesNotExist();

        List<String> resume = command(kind, 2, Candor.class);
        resume.addAll(run("sft", "llama3", run, 40));
        resume.add("--resume");
        Process resumed = start(resume, temp.resolve("log-resumed"));
        ends(resumed);
        assertThat(resumed.exitValue())
                .as(Files.readString(temp.resolve("log-resumed")))
                .isZero();
        Path whole = temp.resolve("whole");
        Cli.run(run("sft", "llama3", whole, 40)).succeeded();
        assertThat(written(run)).hasSameBinaryContentAs(written(whole));
    }

    /** Its environment says it; that of a process that has ended meanwhile says nothing. */
    private static boolean hasRank(ProcessHandle process, int rank) {
        try {
            String environment = Files.readString(
                    Path.of("/proc", Long.toString(process.pid()), "environ"), StandardCharsets.ISO_8859_1);
            return environment.matches("(?s)(.*\\x00)?(OMPI_COMM_WORLD_RANK|PMI_RANK)=" + rank + "\\x00.*");
        } catch (IOException e) {
            return false;
        }
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
        List<String> command = command(kind, 3, Candor.class);
        command.addAll(run("kto", "llama3", run, 2));
        command.addAll(device);
        Path log = temp.resolve("log");
        Process process = start(command, log);
        ends(process);
        assertThat(process.exitValue()).as(Files.readString(log)).isZero();
        assertThat(written(run)).hasSameBinaryContentAs(written(whole));
        Path moments = Path.of("checkpoints/step-2/first_moment.u8");
        assertThat(run.resolve(moments)).hasSameBinaryContentAs(whole.resolve(moments));
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void anErrorOfAllIsToldOnce(Kind kind) throws Exception {
        List<String> command = command(kind, 3, Candor.class);
        List<String> args = run("sft", "llama3", temp.resolve("run"), 3);
        args.set(args.indexOf("--data") + 1, temp.resolve("nothing.jsonl").toString());
        command.addAll(args);
        Path log = temp.resolve("log");
        Process process = start(command, log);
        ends(process);
        assertThat(process.exitValue()).isNotZero();
        assertThat(Files.readAllLines(log).stream()
                        .filter(line -> line.startsWith("error: "))
                        .toList())
                .as(Files.readString(log))
                .containsExactly("error: " + temp.resolve("nothing.jsonl") + ": cannot be read: there is no such file");
    }
}
