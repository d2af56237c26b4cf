package candor.bench;

import candor.BadInput;
import candor.tensor.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.results.format.ResultFormatFactory;
import org.openjdk.jmh.results.format.ResultFormatType;
import org.openjdk.jmh.runner.BenchmarkListEntry;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;

/**
 * What {@code candor bench} starts: JMH over the benchmarks that a pattern names, the ceiling in the same run where operations
 * are among them; results as JMH's JSON and as a table. Or one of the measurements that are not JMH's, {@link Scaling},
 * {@link Profile} and {@link StartUp}, whose result is a table alone; or {@link Machine}, the line that a table begins with. Its
 * arguments are pairs of a name and a value; the command checks and documents them. {@code param.NAME} is a parameter of
 * benchmarks by JMH's name.
 */
public final class Bench {
    /** Operands of a layer of eight billion parameters take a plain loop minutes, and a processor seconds. */
    private static final Map<String, Integer> TOKENS =
            Map.of("world", 2048, "tiny", 2048, "small", 1024, "qwen2.5-0.5b", 256, "llama-3.1-8b", 128);

    private static final String PARAMETER = "param.";
    private static final int QUICK_MILLIS = 300;

    /** What a new process needs until its loops over vectors are compiled. */
    private static final double PROFILE_WARM_UP_SECONDS = 12;

    private final Map<String, String> options = new TreeMap<>();
    private final List<RunResult> results = new ArrayList<>();

    private Bench(String[] args) {
        for (int i = 0; i + 1 < args.length; i += 2) {
            options.put(args[i], args[i + 1]);
        }
    }

    /** Runs it; bad input ends with one line and 2. */
    public static void main(String[] args) throws IOException, InterruptedException, RunnerException {
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

    private void run() throws RunnerException, IOException, InterruptedException {
        String[] shapes = options.get("shape").split(",");
        for (String shape : shapes) {
            Shapes.weighted(shape); // refused before anything runs
        }
        switch (options.get("pattern")) {
            case "Scaling" -> writeTable(scaling(shapes), "");
            case "Profile" -> writeTable(profile(shapes), "-" + String.join("+", shapes));
            case "StartUp" -> writeTable(StartUp.measure(rounds()), "");
            case "Machine" -> System.out.println(Machine.describe());
            default -> jmh(shapes);
        }
    }

    private int rounds() {
        return Integer.parseInt(options.getOrDefault("iterations", options.containsKey("quick") ? "3" : "7"));
    }

    private String scaling(String[] shapes) {
        String curve = options.get(PARAMETER + "curve");
        StringBuilder text = new StringBuilder(Machine.describe()).append('\n');
        for (String shape : shapes) {
            for (String backend : options.get("backend").split(",")) {
                int threads = Integer.parseInt(options.get("threads"));
                text.append(Scaling.measure(shape, backend, threads, rounds(), curve));
            }
        }
        return text.toString();
    }

    private String profile(String[] shapes) throws RunnerException {
        if (!options.get("backend").equals("cpu")) {
            throw new BadInput("--backend " + options.get("backend") + ": Profile counts the threads of cpu alone");
        }
        List<Profile.Setting> settings = new ArrayList<>();
        for (String shape : shapes) {
            settings.add(profileSetting(shape)); // refused before anything runs
        }
        double flopsPerSecond = Report.flopsPerSecond(ceiling());
        StringBuilder text = new StringBuilder(Machine.describe())
                .append(String.format(
                        Locale.ROOT, "%nCeiling before it: %.1f GFLOP/s in registers.%n", flopsPerSecond / 1e9));
        for (Profile.Setting setting : settings) {
            text.append(Profile.measure(setting, flopsPerSecond));
        }
        return text.toString();
    }

    private Profile.Setting profileSetting(String shape) {
        String batch = options.getOrDefault(PARAMETER + "batch", "8");
        if (!batch.matches("[0-9]{1,6}")) {
            throw new BadInput("--param batch=" + batch + ": give a number");
        }
        return new Profile.Setting(
                shape,
                options.getOrDefault(PARAMETER + "objective", "sft"),
                Integer.parseInt(options.get("threads")),
                Integer.parseInt(batch),
                Integer.parseInt(options.get("length")),
                rounds(),
                options.getOrDefault(PARAMETER + "dtype", "float32"),
                options.containsKey("quick") ? QUICK_MILLIS / 1e3 : PROFILE_WARM_UP_SECONDS);
    }

    private void jmh(String[] shapes) throws RunnerException, IOException {
        Selection selection = Selection.of(options.get("pattern"), library());
        for (String name : options.keySet()) {
            if (name.startsWith(PARAMETER)
                    && selection.found().stream()
                            .noneMatch(entry -> Selection.hasParameter(entry, name.substring(PARAMETER.length())))) {
                throw new BadInput("--param " + name.substring(PARAMETER.length())
                        + ": no parameter of the chosen benchmarks; the tables name those they have");
            }
        }
        Predicate<BenchmarkListEntry> operation = Selection::isOperation;
        boolean ops = selection.only(operation).length > 0;
        if (ops) {
            Arrays.stream(shapes).forEach(this::operations); // refused before anything runs
        }
        List<RunResult> ceiling = new ArrayList<>(ops ? ceiling() : List.of());
        for (String shape : shapes) {
            if (ops) {
                measure(operations(shape), selection.only(operation));
            }
            measure(
                    new OptionsBuilder().param("model", shape).param("length", options.get("length")),
                    selection.only(operation.negate().and(Selection::hasShape)));
        }
        Predicate<BenchmarkListEntry> shaped = Selection::hasShape;
        measure(new OptionsBuilder().param("library", library()), selection.only(shaped.negate()));
        ceiling.addAll(ops ? ceiling() : List.of());
        write(ceiling, selection);
    }

    /** Measured before and behind the rest: a machine's clock is not the same all the time. */
    private Collection<RunResult> ceiling() throws RunnerException {
        return new Runner(new OptionsBuilder()
                        .include("CeilingBenchmark")
                        .shouldFailOnError(true)
                        .threads(Integer.parseInt(options.get("threads")))
                        .build())
                .run();
    }

    /** The library that calls go to, which is never the CPU's backend: that one is Java. */
    private String library() {
        return options.get("backend").equals("cuda") ? "cuda" : "cuda-emulated";
    }

    private ChainedOptionsBuilder operations(String shape) {
        int length = Integer.parseInt(options.get("length"));
        int tokens = options.containsKey("tokens") ? Integer.parseInt(options.get("tokens")) : TOKENS.get(shape);
        length = Math.min(length, tokens);
        List<String> known = Operations.of(Shapes.named(shape), tokens, length, DType.F32).stream()
                .map(Operation::name)
                .toList();
        String[] chosen = options.containsKey("op") ? options.get("op").split(",") : known.toArray(String[]::new);
        for (String op : chosen) {
            if (!known.contains(op)) {
                throw new BadInput("--op " + op + ": not one of " + String.join(", ", known) + " at " + shape);
            }
        }
        return new OptionsBuilder()
                .param("model", shape)
                .param("op", chosen)
                .param("tokens", String.valueOf(tokens))
                .param("length", String.valueOf(length));
    }

    private void measure(ChainedOptionsBuilder builder, String[] benchmarks) throws RunnerException {
        if (benchmarks.length == 0) {
            return;
        }
        Arrays.stream(benchmarks).forEach(builder::include);
        builder.param("backend", options.get("backend").split(",")).param("threads", options.get("threads"));
        options.forEach((name, value) -> {
            if (name.startsWith(PARAMETER)) {
                builder.param(name.substring(PARAMETER.length()), value.split(","));
            }
        });
        results.addAll(new Runner(timed(builder).build()).run());
    }

    private ChainedOptionsBuilder timed(ChainedOptionsBuilder builder) {
        builder.shouldFailOnError(true);
        if (options.containsKey("quick")) {
            TimeValue time = TimeValue.milliseconds(QUICK_MILLIS);
            builder.warmupIterations(2)
                    .warmupTime(time)
                    .measurementIterations(3)
                    .measurementTime(time);
        }
        // The time to warm up stays each benchmark's own: a loop over vectors can take seconds until it is compiled.
        if (options.containsKey("millis")) {
            builder.measurementTime(TimeValue.milliseconds(Integer.parseInt(options.get("millis"))));
        }
        if (options.containsKey("forks")) {
            builder.forks(Integer.parseInt(options.get("forks")));
        }
        if (options.containsKey("iterations")) {
            builder.measurementIterations(Integer.parseInt(options.get("iterations")));
        }
        return builder;
    }

    private void write(Collection<RunResult> ceiling, Selection selection) throws IOException {
        Report report = new Report(ceiling);
        results.forEach(report::add);
        selection.skipped().forEach(report::skip);
        boolean shaped = selection.only(Selection::hasShape).length > 0;
        if (results.isEmpty()) {
            System.out.print(report);
            return;
        }
        Path table = writeTable(
                report.toString(), shaped ? "-" + options.get("shape").replace(',', '+') : "");
        Path json = table.resolveSibling(table.getFileName().toString().replaceAll("\\.md$", ".json"));
        List<RunResult> all = new ArrayList<>(ceiling);
        all.addAll(results);
        ResultFormatFactory.getInstance(ResultFormatType.JSON, json.toString()).writeOut(all);
        System.out.println(json);
    }

    private Path writeTable(String text, String ending) throws IOException {
        Path folder = Path.of(options.get("output"));
        Files.createDirectories(folder);
        String name = String.join(
                "-",
                LocalDate.now(ZoneOffset.UTC).toString(),
                Machine.commit(),
                options.getOrDefault("name", options.get("pattern").replaceAll("\\W+", "_") + ending));
        Path table = folder.resolve(name.replace(':', '-') + ".md");
        Files.writeString(table, text);
        System.out.print(text);
        System.out.println(table);
        return table;
    }
}
