package candor.bench;

import candor.BadInput;
import candor.model.ModelConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.results.format.ResultFormatFactory;
import org.openjdk.jmh.results.format.ResultFormatType;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;

/**
 * What {@code candor bench} starts: JMH over the benchmarks that a pattern names, the ceiling in the same run where operations
 * are among them; results as JMH's JSON and as a table. Its arguments are pairs of a name and a value; the command checks and
 * documents them.
 */
public final class Bench {
    /** Operands of a layer of eight billion parameters take a plain loop minutes, and a processor seconds. */
    private static final Map<String, Integer> TOKENS =
            Map.of("tiny", 2048, "small", 1024, "qwen2.5-0.5b", 256, "llama-3.1-8b", 128);

    private static final int QUICK_MILLIS = 300;

    private final Map<String, String> options = new TreeMap<>();
    private final List<RunResult> results = new ArrayList<>();

    private Bench(String[] args) {
        for (int i = 0; i + 1 < args.length; i += 2) {
            options.put(args[i], args[i + 1]);
        }
    }

    /** Runs it; bad input ends with one line and 2. */
    public static void main(String[] args) throws IOException, RunnerException {
        try {
            Bench bench = new Bench(args);
            if (bench.options.containsKey("compare")) {
                System.out.print(
                        ResultComparison.of(Path.of(bench.options.get("compare")), Path.of(bench.options.get("with"))));
            } else {
                bench.run();
            }
        } catch (BadInput e) {
            System.err.println("error: " + e.getMessage());
            System.exit(2);
        }
    }

    private void run() throws RunnerException, IOException {
        String pattern = options.get("pattern");
        for (String shape : options.get("shape").split(",")) {
            Shapes.named(shape); // refused before anything runs
        }
        boolean ops = "OpBenchmark".matches(".*" + pattern + ".*") || pattern.startsWith("OpBenchmark");
        int threads = Integer.parseInt(options.get("threads"));
        Collection<RunResult> ceiling = ops
                ? new Runner(timed(new OptionsBuilder().include("CeilingBenchmark"))
                                .threads(threads)
                                .build())
                        .run()
                : List.of();
        for (String shape : options.get("shape").split(",")) {
            measure(pattern, shape, ops);
        }
        if (results.isEmpty()) {
            throw new BadInput("no benchmark matches " + pattern);
        }
        write(ceiling);
    }

    private void measure(String pattern, String shape, boolean ops) throws RunnerException {
        ModelConfig model = Shapes.named(shape);
        ChainedOptionsBuilder builder = new OptionsBuilder()
                .include(pattern)
                .exclude("CeilingBenchmark")
                .param("model", shape)
                .param("backend", options.get("backend").split(","))
                .param("threads", options.get("threads"));
        int length = Integer.parseInt(options.get("length"));
        int tokens = options.containsKey("tokens") ? Integer.parseInt(options.get("tokens")) : TOKENS.get(shape);
        builder.param("length", String.valueOf(Math.min(length, tokens)));
        if (ops) {
            List<String> known = Operations.of(model, tokens, Math.min(length, tokens)).stream()
                    .map(Operation::name)
                    .toList();
            String[] chosen = options.containsKey("op") ? options.get("op").split(",") : known.toArray(String[]::new);
            for (String op : chosen) {
                if (!known.contains(op)) {
                    throw new BadInput("--op " + op + ": not one of " + String.join(", ", known) + " at " + shape);
                }
            }
            builder.param("op", chosen).param("tokens", String.valueOf(tokens));
        }
        results.addAll(new Runner(timed(builder).build()).run());
    }

    private ChainedOptionsBuilder timed(ChainedOptionsBuilder builder) {
        builder.shouldFailOnError(true);
        if (options.containsKey("quick")) {
            builder.warmupIterations(2)
                    .warmupTime(TimeValue.milliseconds(QUICK_MILLIS))
                    .measurementIterations(3)
                    .measurementTime(TimeValue.milliseconds(QUICK_MILLIS));
        }
        return builder;
    }

    private void write(Collection<RunResult> ceiling) throws IOException {
        Report report = new Report(ceiling);
        results.forEach(report::add);
        Path folder = Path.of(options.get("output"));
        Files.createDirectories(folder);
        String name = String.join(
                "-",
                Arrays.asList(
                        LocalDate.now(ZoneOffset.UTC).toString(),
                        Machine.commit(),
                        options.get("pattern").replaceAll("\\W+", "_"),
                        options.get("shape").replace(',', '+')));
        Path json = folder.resolve(name + ".json");
        List<RunResult> all = new ArrayList<>(ceiling);
        all.addAll(results);
        ResultFormatFactory.getInstance(ResultFormatType.JSON, json.toString()).writeOut(all);
        Path table = folder.resolve(name + ".md");
        Files.writeString(table, report.toString());
        System.out.print(report);
        System.out.println(json);
        System.out.println(table);
    }
}
