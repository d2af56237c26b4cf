package candor.bench;

import java.util.Collection;
import java.util.Locale;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;

/**
 * Results as a Markdown table. For an operation it says what share of the ceiling it reached: the time that the processor
 * needs at least, for its arithmetic or for its bytes, whichever is longer, over the time that it took.
 */
final class Report {
    private final StringBuilder text = new StringBuilder();
    private final double flopsPerSecond;
    private final double bytesPerSecond;

    /** @param ceiling results of {@link CeilingBenchmark}; empty where nothing is a share of it */
    Report(Collection<RunResult> ceiling) {
        flopsPerSecond = rate(ceiling, "multiply") * CeilingBenchmark.FLOPS;
        bytesPerSecond = rate(ceiling, "copy") * CeilingBenchmark.BYTES;
        text.append(Machine.describe()).append("\n\n");
        if (flopsPerSecond > 0) {
            add(
                    "Ceiling in the same run: %.1f GFLOP/s in registers, %.1f GB/s copied.%n%n",
                    flopsPerSecond / 1e9, bytesPerSecond / 1e9);
        }
        add("| benchmark | parameters | score | ± (99.9 %%) | unit | GFLOP/s | GB/s | share of the ceiling |%n");
        add("|---|---|---|---|---|---|---|---|%n");
    }

    private static double rate(Collection<RunResult> ceiling, String name) {
        return ceiling.stream()
                .filter(result -> result.getParams().getBenchmark().endsWith("." + name))
                .mapToDouble(result -> result.getPrimaryResult().getScore())
                .findFirst()
                .orElse(0);
    }

    private void add(String format, Object... values) {
        text.append(String.format(Locale.ROOT, format, values));
    }

    void add(RunResult run) {
        BenchmarkParams params = run.getParams();
        row(name(params), parameters(params), run.getPrimaryResult(), cost(params, run));
        run.getSecondaryResults()
                .forEach((name, result) -> row(name(params) + ":" + name, parameters(params), result, "| | "));
    }

    private void row(String name, String parameters, Result<?> result, String cost) {
        add(
                "| %s | %s | %.5g | %.2g | %s | %s |%n",
                name, parameters, result.getScore(), result.getScoreError(), result.getScoreUnit(), cost);
    }

    static String name(BenchmarkParams params) {
        String name = params.getBenchmark();
        return name.substring(name.lastIndexOf('.', name.lastIndexOf('.') - 1) + 1);
    }

    static String parameters(BenchmarkParams params) {
        return params.getParamsKeys().stream()
                .map(key -> key + " " + params.getParam(key))
                .reduce((a, b) -> a + ", " + b)
                .orElse("");
    }

    private String cost(BenchmarkParams params, RunResult run) {
        if (!params.getBenchmark().startsWith(OpBenchmark.class.getName())) {
            return "| | ";
        }
        Operation operation = Operations.named(
                params.getParam("op"),
                Shapes.named(params.getParam("model")),
                Integer.parseInt(params.getParam("tokens")),
                Integer.parseInt(params.getParam("length")));
        double seconds = run.getPrimaryResult().getScore() / 1e6;
        double least = Math.max(operation.flops() / flopsPerSecond, operation.bytes() / bytesPerSecond);
        return String.format(
                Locale.ROOT,
                "%.1f | %.1f | %.0f %%",
                operation.flops() / seconds / 1e9,
                operation.bytes() / seconds / 1e9,
                100 * least / seconds);
    }

    @Override
    public String toString() {
        return text.toString();
    }
}
