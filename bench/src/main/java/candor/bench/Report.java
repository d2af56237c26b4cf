package candor.bench;

import candor.ops.Backends;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;

/**
 * Results as Markdown: a table for each class of benchmarks, what all its rows have in common above it. For an operation it says
 * what share of the ceiling it reached: the time that the processor needs at least, for its arithmetic or for its bytes,
 * whichever is longer, over the time that it took.
 */
final class Report {
    private final Map<String, List<RunResult>> classes = new LinkedHashMap<>();
    private final List<String> skipped = new ArrayList<>();
    private final double flopsPerSecond;
    private final double bytesPerSecond;

    /** @param ceiling results of {@link CeilingBenchmark}; empty where nothing is a share of it */
    Report(Collection<RunResult> ceiling) {
        flopsPerSecond = flopsPerSecond(ceiling);
        bytesPerSecond = rate(ceiling, "copy") * CeilingBenchmark.BYTES;
    }

    /** The arithmetic that {@link CeilingBenchmark} reached; 0 where it is not among the results. */
    static double flopsPerSecond(Collection<RunResult> ceiling) {
        return rate(ceiling, "multiply") * CeilingBenchmark.FLOPS;
    }

    /** The best of all iterations, for a ceiling is what the machine can do. */
    private static double rate(Collection<RunResult> ceiling, String name) {
        return ceiling.stream()
                .filter(result -> result.getParams().getBenchmark().endsWith("." + name))
                .flatMap(result -> result.getBenchmarkResults().stream())
                .flatMap(result -> result.getIterationResults().stream())
                .mapToDouble(iteration -> iteration.getPrimaryResult().getScore())
                .max()
                .orElse(0);
    }

    void add(RunResult run) {
        String name = run.getParams().getBenchmark();
        classes.computeIfAbsent(name.substring(0, name.lastIndexOf('.')), any -> new ArrayList<>())
                .add(run);
    }

    /** A benchmark that was asked for, and why it did not run. */
    void skip(String name, String reason) {
        skipped.add(name + " (" + reason + ")");
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(Machine.describe()).append('\n');
        if (flopsPerSecond > 0) {
            text.append(String.format(
                    Locale.ROOT,
                    "Ceiling in the same run: %.1f GFLOP/s in registers, %.1f GB/s copied.%n",
                    flopsPerSecond / 1e9,
                    bytesPerSecond / 1e9));
        }
        if (!skipped.isEmpty()) {
            text.append("Skipped: ").append(String.join(", ", skipped)).append(".\n");
        }
        classes.forEach((name, runs) -> section(text, name, runs));
        return text.toString();
    }

    private void section(StringBuilder text, String name, List<RunResult> runs) {
        Set<String> keys = new TreeSet<>();
        runs.forEach(run -> keys.addAll(run.getParams().getParamsKeys()));
        Set<String> common = keys.stream()
                .filter(key -> runs.stream()
                                .map(run -> run.getParams().getParam(key))
                                .distinct()
                                .count()
                        == 1)
                .collect(Collectors.toCollection(TreeSet::new));
        text.append("\n## ").append(name.substring(name.lastIndexOf('.') + 1)).append("\n\n");
        if (!common.isEmpty()) {
            text.append(parameters(runs.getFirst().getParams(), common)).append(".\n\n");
        }
        keys.removeAll(common);
        boolean ops = name.equals(OpBenchmark.class.getName());
        String[] heads = {"benchmark", "parameters", "score", "± 99.9 %", "unit"};
        MarkdownTable table = ops
                ? new MarkdownTable(
                        "operation", "parameters", "µs", "± 99.9 %", "best", "GFLOP/s", "GB/s", "of the ceiling")
                : new MarkdownTable(heads);
        for (RunResult run : runs) {
            if (ops) {
                operation(table, run, keys);
            } else {
                rows(table, run, keys);
            }
        }
        text.append(table);
    }

    private static void rows(MarkdownTable table, RunResult run, Set<String> keys) {
        BenchmarkParams params = run.getParams();
        String name = params.getBenchmark().substring(params.getBenchmark().lastIndexOf('.') + 1);
        Result<?> primary = run.getPrimaryResult();
        row(table, name, parameters(params, keys), primary, primary.getScoreUnit());
        run.getSecondaryResults()
                .forEach((counter, result) -> row(
                        table,
                        name,
                        parameters(params, keys),
                        result,
                        result.getScoreUnit().replace("ops", counter)));
    }

    private static void row(MarkdownTable table, String name, String parameters, Result<?> result, String unit) {
        double score = result.getScore();
        table.add(name, parameters, Numbers.show(score), Numbers.error(result.getScoreError(), score), unit);
    }

    private static String parameters(BenchmarkParams params, Collection<String> keys) {
        return keys.stream()
                .filter(key -> params.getParam(key) != null)
                .map(key -> key + " " + params.getParam(key))
                .collect(Collectors.joining(", "));
    }

    private void operation(MarkdownTable table, RunResult run, Set<String> keys) {
        BenchmarkParams params = run.getParams();
        Operation operation = Operations.named(
                params.getParam("op"),
                Shapes.named(params.getParam("model")),
                Integer.parseInt(params.getParam("tokens")),
                Integer.parseInt(params.getParam("length")),
                Backends.named(params.getParam("backend")).activations());
        Result<?> result = run.getPrimaryResult();
        double seconds = result.getScore() / 1e6;
        double least = Math.max(operation.flops() / flopsPerSecond, operation.bytes() / bytesPerSecond);
        Set<String> others = new TreeSet<>(keys);
        others.remove("op");
        table.add(
                params.getParam("op"),
                parameters(params, others),
                Numbers.show(result.getScore()),
                Numbers.error(result.getScoreError(), result.getScore()),
                Numbers.error(result.getStatistics().getMin(), result.getScore()),
                operation.flops() == 0 ? "" : String.format(Locale.ROOT, "%.1f", operation.flops() / seconds / 1e9),
                String.format(Locale.ROOT, "%.1f", operation.bytes() / seconds / 1e9),
                onProcessor(params) ? String.format(Locale.ROOT, "%.0f %%", 100 * least / seconds) : "");
    }

    /** The ceiling is the processor's: no share of it where a GPU computes, or is emulated. */
    private static boolean onProcessor(BenchmarkParams params) {
        return !Backends.named(params.getParam("backend")).copiesWeights();
    }
}
