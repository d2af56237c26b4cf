package candor.cli;

import candor.BadInput;
import candor.bindings.Installation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * {@code candor bench}: builds the benchmarks where their jar is missing or older than the sources, and runs them in a JVM of
 * their own, since the program itself does not carry JMH.
 */
@Command(
        name = "bench",
        description = {
            "Runs the JMH benchmarks, and writes JMH's JSON and a Markdown table with machine and commit.",
            "Operations come with GFLOP/s, GB/s and their share of a ceiling that is measured in the same run."
        })
final class BenchCommand implements Callable<Integer> {
    private static final String JAR = "bench/target/candor-bench.jar";

    @Parameters(
            arity = "0..1",
            paramLabel = "PATTERN",
            description = {
                "Which benchmarks, by a regular expression that is found in their names: OpBenchmark, StepBenchmark,"
                        + " DecodeBenchmark, TileBenchmark, TextBenchmark, TokenizingBenchmark, PackingBenchmark,"
                        + " CallBenchmark, LaunchBenchmark (where a GPU is).",
                "Or Scaling, how a step grows with length, batch, rank, adapters and layers; StartUp, how long a fresh "
                        + "process takes to its first step; or Profile, where the time of a step goes.",
                "Or Machine, which measures nothing: the line about commit, processor and JDK that a table begins with."
            })
    private String pattern = "OpBenchmark";

    @Option(
            names = "--shape",
            paramLabel = "NAME",
            split = ",",
            description =
                    "Shapes of models: world, tiny, small, qwen2.5-0.5b, llama-3.1-8b; for steps and decoding with"
                            + " ':bf16', ':nf4', ':int8' or ':fp8' appended, too.")
    private List<String> shapes = List.of("tiny");

    @Option(names = "--op", paramLabel = "NAME", split = ",", description = "Only these operations of OpBenchmark.")
    private List<String> operations = List.of();

    @Option(
            names = "--backend",
            paramLabel = "NAME",
            split = ",",
            description = "cpu, cuda, cuda-emulated, or plain for the plain loops that operations are compared with.")
    private List<String> backends = List.of("cpu");

    @Option(
            names = {"--threads", "-t"},
            paramLabel = "N",
            description = "Threads of the CPU backend.")
    private int threads = Runtime.getRuntime().availableProcessors();

    @Option(names = "--tokens", paramLabel = "N", description = "Rows of an operation; the shape's own if left out.")
    private Integer tokens;

    @Option(names = "--length", paramLabel = "N", description = "Tokens of a sequence.")
    private int length = 256;

    @Option(
            names = {"--param", "-p"},
            paramLabel = "NAME=VALUE[,…]",
            description = {
                "A parameter of a benchmark, with one or several values: adapters=1,4 or batch=1,32 or recompute=FULL.",
                "For Scaling: curve=length,batch. For Profile: objective=sft or kto, batch=8, and dtype=bfloat16."
            })
    private Map<String, String> parameters = Map.of();

    @Option(
            names = {"--forks", "-f"},
            paramLabel = "N",
            description = "In how many new JVMs each is measured; 1 if left out.")
    private Integer forks;

    @Option(
            names = {"--iterations", "-i"},
            paramLabel = "N",
            description = "How often each is measured.")
    private Integer iterations;

    @Option(
            names = "--iteration-millis",
            paramLabel = "N",
            description = "How long a measured iteration takes at least; each benchmark's own if left out.")
    private Integer iterationMillis;

    @Option(names = "--quick", description = "A third of a second for each: to see that it runs, not to quote.")
    private boolean quick;

    @Option(
            names = "--name",
            paramLabel = "NAME",
            description = "What the files of results are called, after date and commit; the pattern if left out.")
    private String name;

    @Option(
            names = "--output",
            paramLabel = "DIR",
            description = "The folder for the results; target/bench of the checkout if left out.")
    private Path output;

    @Option(
            names = "--compare",
            arity = "2",
            paramLabel = "FILE",
            description = "Runs nothing: ratios of the results in two JSON files, B to A, with intervals.")
    private List<Path> compare;

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (threads < 1
                || length < 1
                || Stream.of(tokens, forks, iterations, iterationMillis)
                        .anyMatch(number -> number != null && number < 1)) {
            throw new BadInput(
                    "--threads, --length, --tokens, --forks, --iterations and --iteration-millis: give 1 or more");
        }
        if (tokens != null && tokens > length && tokens % length != 0) {
            throw new BadInput("--tokens " + tokens + ": give a multiple of --length " + length);
        }
        if (name != null && !name.matches("[\\w.+-]+")) {
            throw new BadInput("--name " + name + ": give letters, digits and . + - _ alone");
        }
        if (Installation.here() != Installation.CHECKOUT) {
            throw new BadInput("bench builds its benchmarks from the sources: run ./candor bench in a checkout");
        }
        Path root = Path.of(System.getProperty("candor.home"));
        if (compare == null) {
            BenchNames.read(root).check(pattern, shapes, operations, backends, parameters.keySet());
        }
        Path jar = root.resolve(JAR);
        if (!upToDate(root, jar)) {
            int built = run(
                    root,
                    List.of(
                            root.resolve("mvnw").toString(),
                            "-B",
                            "-q",
                            "-ntp",
                            "-pl",
                            "bench",
                            "-am",
                            "-Dmaven.test.skip=true",
                            "package"));
            if (built != 0) {
                return ExitCode.FAILED; // Maven has said why
            }
        }
        return run(root, command(root, jar));
    }

    private static int run(Path folder, List<String> command) throws IOException, InterruptedException {
        return new ProcessBuilder(command)
                .directory(folder.toFile())
                .inheritIO()
                .start()
                .waitFor();
    }

    private List<String> command(Path root, Path jar) {
        List<String> words = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules=jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-DRUST_FLAVOR=cpu",
                "-cp",
                jar.toString(),
                "candor.bench.Bench"));
        if (compare != null) {
            words.addAll(List.of("compare", absolute(compare.getFirst()), "with", absolute(compare.getLast())));
            return words;
        }
        words.addAll(List.of("pattern", pattern, "shape", String.join(",", shapes)));
        words.addAll(List.of("backend", String.join(",", backends), "threads", String.valueOf(threads)));
        words.addAll(List.of("length", String.valueOf(length)));
        words.addAll(
                List.of("output", output == null ? root.resolve("target/bench").toString() : absolute(output)));
        if (!operations.isEmpty()) {
            words.addAll(List.of("op", String.join(",", operations)));
        }
        if (name != null) {
            words.addAll(List.of("name", name));
        }
        if (tokens != null) {
            words.addAll(List.of("tokens", String.valueOf(tokens)));
        }
        parameters.forEach((name, value) -> words.addAll(List.of("param." + name, value)));
        if (forks != null) {
            words.addAll(List.of("forks", String.valueOf(forks)));
        }
        if (iterations != null) {
            words.addAll(List.of("iterations", String.valueOf(iterations)));
        }
        if (iterationMillis != null) {
            words.addAll(List.of("millis", String.valueOf(iterationMillis)));
        }
        if (quick) {
            words.addAll(List.of("quick", "yes"));
        }
        return words;
    }

    private static String absolute(Path path) {
        return path.toAbsolutePath().toString();
    }

    private static boolean upToDate(Path root, Path jar) throws IOException {
        if (!Files.isReadable(jar)) {
            return false;
        }
        FileTime built = Files.getLastModifiedTime(jar);
        for (String part :
                List.of("bindings/src/main", "engine/src/main", "bench/src/main", "bench/pom.xml", "pom.xml")) {
            if (!Files.exists(root.resolve(part))) {
                continue;
            }
            try (Stream<Path> files = Files.walk(root.resolve(part))) {
                for (Path file : (Iterable<Path>) files::iterator) {
                    if (Files.getLastModifiedTime(file).compareTo(built) > 0) {
                        return false;
                    }
                }
            }
        }
        return true;
    }
}
