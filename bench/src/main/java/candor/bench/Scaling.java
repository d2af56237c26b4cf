package candor.bench;

import candor.BadInput;
import candor.model.ModelConfig;
import candor.model.Recompute;
import candor.ops.Backend;
import candor.ops.Backends;
import candor.ops.Heads;
import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.IntFunction;

/**
 * How an SFT step grows: a Markdown table for each curve, which changes one size alone (length, batch, rank, adapters,
 * layers), with the time that the number of multiplications lets expect beside the measured one, both relative to the
 * first line of the curve.
 */
final class Scaling {
    /** Steps of each point that do not count. */
    private static final int WARM_UP = 2;

    /** What a new process needs until its loops over vectors are compiled, spent on the first point. */
    private static final double WARM_UP_SECONDS = 12;

    /** @param layers 0 for the model's own */
    private record Point(int length, int batch, int rank, int adapters, int layers) {}

    private record Curve(String name, List<Point> points) {}

    private static final List<Curve> CURVES = List.of(
            new Curve(
                    "length",
                    points(
                            new int[] {128, 256, 512, 1024, 2048, 4096},
                            v -> new Point(v, 4096 / v, StepRig.RANK, 1, 0))),
            new Curve("batch", points(new int[] {1, 2, 4, 8, 16, 32}, v -> new Point(256, v, StepRig.RANK, 1, 0))),
            new Curve("rank", points(new int[] {4, 8, 16, 32, 64, 128}, v -> new Point(256, 8, v, 1, 0))),
            new Curve("adapters", points(new int[] {1, 2, 4, 8, 16}, v -> new Point(256, 16 / v, StepRig.RANK, v, 0))),
            new Curve("layers", points(new int[] {1, 2, 4, 8, 16}, v -> new Point(256, 8, StepRig.RANK, 1, v))));

    private record Measured(double seconds, double processorSeconds, int tokens, long workspace) {}

    private Scaling() {}

    private static List<Point> points(int[] values, IntFunction<Point> point) {
        return Arrays.stream(values).mapToObj(point).toList();
    }

    /**
     * @param shape  a name of {@link Shapes}
     * @param rounds steps of which the median counts
     * @param only   names of curves, with commas; null for all
     * @throws BadInput where there is no such curve
     */
    static String measure(String shape, String backend, int threads, int rounds, String only) {
        List<String> known = CURVES.stream().map(Curve::name).toList();
        List<String> wanted = only == null ? known : List.of(only.split(","));
        for (String name : wanted) {
            if (!known.contains(name)) {
                throw new BadInput("--param curve=" + name + ": not one of " + String.join(", ", known));
            }
        }
        List<Curve> chosen =
                CURVES.stream().filter(curve -> wanted.contains(curve.name)).toList();
        StringBuilder text = new StringBuilder();
        for (Curve curve : chosen) {
            text.append(String.format(
                    Locale.ROOT,
                    "%n## %s: %s (backend %s, threads %d, median of %d)%n%n",
                    shape,
                    curve.name,
                    backend,
                    threads,
                    rounds));
            text.append(table(Shapes.named(shape), curve, backend, threads, rounds));
        }
        return text.toString();
    }

    private static MarkdownTable table(ModelConfig model, Curve curve, String backend, int threads, int rounds) {
        MarkdownTable table = new MarkdownTable(
                curve.name,
                "rows",
                "length",
                "tokens/s",
                "tokens per processor second",
                "activations, MiB",
                "time",
                "expected",
                "time / expected");
        double firstSeconds = 0;
        double firstCost = 0;
        warmUp(config(model, curve.points.getFirst()), curve.points.getFirst(), backend, threads);
        for (Point point : curve.points) {
            ModelConfig config = config(model, point);
            Measured measured = measure(config, point, backend, threads, rounds);
            double cost = flopsPerToken(config, point) * measured.tokens;
            firstSeconds = firstSeconds == 0 ? measured.seconds : firstSeconds;
            firstCost = firstCost == 0 ? cost : firstCost;
            table.add(
                    String.valueOf(value(curve.name, point)),
                    String.valueOf(point.batch * point.adapters),
                    String.valueOf(point.length),
                    Numbers.show(measured.tokens / measured.seconds),
                    Numbers.show(measured.tokens / measured.processorSeconds),
                    Numbers.show(measured.workspace / 0x1p20),
                    ratio(measured.seconds / firstSeconds),
                    ratio(cost / firstCost),
                    ratio(measured.seconds / firstSeconds / (cost / firstCost)));
        }
        return table;
    }

    private static ModelConfig config(ModelConfig model, Point point) {
        return point.layers == 0 ? model : withLayers(model, point.layers);
    }

    private static void warmUp(ModelConfig config, Point point, String backend, int threads) {
        try (Backend ops = Backends.open(backend, threads);
                StepRig rig = rig(ops, config, point)) {
            long start = System.nanoTime();
            while ((System.nanoTime() - start) / 1e9 < WARM_UP_SECONDS) {
                rig.check(rig.sft());
            }
        }
    }

    private static StepRig rig(Backend ops, ModelConfig config, Point point) {
        return new StepRig(ops, config, Recompute.NONE, point.adapters, point.batch, point.length, point.rank);
    }

    private static String ratio(double value) {
        return String.format(Locale.ROOT, "%.2f", value);
    }

    private static int value(String curve, Point point) {
        return switch (curve) {
            case "length" -> point.length;
            case "batch" -> point.batch;
            case "rank" -> point.rank;
            case "adapters" -> point.adapters;
            default -> point.layers;
        };
    }

    /** The median step; its result is checked, as in {@link StepBenchmark}. */
    private static Measured measure(ModelConfig config, Point point, String backend, int threads, int rounds) {
        OperatingSystemMXBean system = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
        double[] seconds = new double[rounds];
        double[] processor = new double[rounds];
        try (Backend ops = Backends.open(backend, threads);
                StepRig rig = rig(ops, config, point)) {
            for (int round = -WARM_UP; round < rounds; round++) {
                long cpu = system.getProcessCpuTime();
                long start = System.nanoTime();
                rig.check(rig.sft());
                if (round >= 0) {
                    seconds[round] = (System.nanoTime() - start) / 1e9;
                    processor[round] = (system.getProcessCpuTime() - cpu) / 1e9;
                }
            }
            Arrays.sort(seconds);
            Arrays.sort(processor);
            return new Measured(seconds[rounds / 2], processor[rounds / 2], rig.positions(), rig.workspaceBytes());
        }
    }

    /**
     * Forward and backward, no gradient of frozen weights: 4 for each frozen weight and 6 for each of an adapter, head included;
     * of attention seven products (two forward, five backward) of a query with half of the keys.
     */
    private static double flopsPerToken(ModelConfig model, Point point) {
        Heads heads = model.heads();
        double c = model.hiddenSize();
        double f = model.intermediateSize();
        double frozen = c * heads.allCols() + heads.queryCols() * c + 3 * c * f;
        double ends = 4 * c + 2.0 * heads.queryCols() + 2 * heads.keyCols() + 3 * (c + f);
        double attention = 7.0 * heads.queryCols() * (point.length + 1);
        return model.layers() * (4 * frozen + 6 * point.rank * ends + attention) + 4 * c * model.vocabSize();
    }

    private static ModelConfig withLayers(ModelConfig m, int layers) {
        return m.but().layers(layers).build();
    }
}
