package candor.cli;

import candor.BadInput;
import candor.data.read.DataFiles;
import candor.evaluate.Conformance;
import candor.evaluate.Conformance.Scored;
import candor.evaluate.Scores;
import candor.evaluate.Task;
import candor.evaluate.benchmark.Benchmark;
import candor.evaluate.benchmark.Benchmarks;
import candor.io.AtomicFile;
import candor.train.config.Setting;
import candor.train.config.Settings;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Recorded replies and judgements, scored by our rules: what they make of what another tool recorded. */
@Command(
        name = "conformance",
        description = {
            "Scores recorded replies and judgements by a benchmark's rules, without a model and without a judge, and compares"
                    + " with what another tool made of them.",
            "Rows are the benchmark's own, with three more columns: replies and judgements, objects of texts by the keys that"
                    + " results.jsonl has, and expected, an object of what was expected. Exit code 1 if anything differs."
        })
final class EvalConformanceCommand implements Callable<Integer> {
    /** Of all benchmarks. */
    private static final class Names extends ArrayList<String> {
        private static final long serialVersionUID = 1L;

        Names() {
            super(Benchmarks.all().stream().map(Benchmark::name).toList());
        }
    }

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--task",
            required = true,
            paramLabel = "NAME",
            completionCandidates = Names.class,
            description = "The benchmark: ${COMPLETION-CANDIDATES}.")
    private String task;

    @Option(
            names = "--data",
            required = true,
            arity = "1..*",
            paramLabel = "FILE",
            description = "Rows with their records: JSONL, JSON, Parquet.")
    private List<Path> data;

    @Option(
            names = "--set",
            paramLabel = "KEY=VALUE",
            description = "A setting of the benchmark, such as lie_k=3 or answer_rule=opencompass; commas separate the"
                    + " values of a list. More than once.")
    private List<String> sets = new ArrayList<>();

    @Option(names = "--output", paramLabel = "FILE", description = "Writes what each row came to, a line of JSON each.")
    private Path output;

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        Benchmark benchmark = Benchmarks.named(task)
                .orElseThrow(() -> new BadInput("--task " + task + ": there is no such benchmark; there are "
                        + String.join(", ", new Names())));
        Task<?> opened = benchmark.open(DataFiles.of(data), benchmark.forModel(false, settings(benchmark)));
        List<Scored> rows = Conformance.of(opened, benchmark.judged());
        if (output != null) {
            String lines = rows.stream().map(row -> row.json() + "\n").collect(Collectors.joining());
            AtomicFile.write(output, lines.getBytes(StandardCharsets.UTF_8));
        }
        opened.notes().forEach(note -> out.println("note: " + note));
        EvalRun.print(Scores.of(rows.stream().map(Scored::result).toList(), opened.measures()));
        rows.forEach(row ->
                row.differences().forEach(difference -> out.println(row.result().id() + ": " + difference)));
        long expecting = rows.stream().filter(Scored::expects).count();
        long differing =
                rows.stream().filter(row -> !row.differences().isEmpty()).count();
        out.println(
                rows.size() + " rows, " + expecting + " with something expected, " + differing + " not as expected");
        return differing == 0 ? ExitCode.DONE : ExitCode.FAILED;
    }

    private Settings settings(Benchmark benchmark) {
        Settings given = Settings.NONE;
        Set<String> keys = new HashSet<>();
        for (String set : sets) {
            int equals = set.indexOf('=');
            if (equals < 1) {
                throw new BadInput("--set " + set + ": must be KEY=VALUE, such as lie_k=3");
            }
            String key = set.substring(0, equals).strip();
            if (!keys.add(key)) {
                throw new BadInput("--set " + set + ": " + key + " is given twice; remove one of the two");
            }
            given = given.with(key, texts(benchmark, key, set.substring(equals + 1)), "on the command line");
        }
        given.refuseUnknown(benchmark.settings().stream().map(Setting::key).toList(), Map.of());
        benchmark.settings().forEach(given::get); // a wrong value is told before the data is read
        return given;
    }

    /** The value, or where the setting is a list, its values. */
    private static List<String> texts(Benchmark benchmark, String key, String value) {
        boolean list = benchmark.settings().stream()
                .anyMatch(setting -> setting.key().equals(key) && setting.kind() instanceof Setting.Texts);
        return Arrays.stream(list ? value.split(",", -1) : new String[] {value})
                .map(String::strip)
                .toList();
    }
}
