package candor.bench;

import candor.BadInput;
import candor.model.Recompute;
import candor.ops.cpu.CpuBackend;
import candor.tensor.DType;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Where the time of a training step goes on the CPU: a Markdown table with a row for each kind of operation. The median over the
 * steps counts for milliseconds; shares are of all measured steps together, so that they add up.
 */
final class Profile {
    /**
     * What is measured.
     *
     * @param shape         a name of {@link Shapes}
     * @param objective     {@code sft} or {@code kto}, with a cached reference
     * @param batch         rows of the step
     * @param length        tokens of a row
     * @param steps         how many count
     * @param operands      what operands of products are rounded to: {@code float32} or {@code bfloat16}
     * @param warmUpSeconds steps for so long do not count: until the loops over vectors are compiled
     */
    record Setting(
            String shape,
            String objective,
            int threads,
            int batch,
            int length,
            int steps,
            String operands,
            double warmUpSeconds) {
        Setting {
            if (!objective.equals("sft") && !objective.equals("kto")) {
                throw new BadInput("--param objective=" + objective + ": not one of sft, kto");
            }
            if (!operands.equals("float32") && !operands.equals("bfloat16")) {
                throw new BadInput("--param dtype=" + operands + ": not one of float32, bfloat16");
            }
            if (batch < 1) {
                throw new BadInput("--param batch=" + batch + ": give 1 or more");
            }
        }
    }

    private record Step(long nanos, Map<String, TimedBackend.Spent> spent) {
        TimedBackend.Spent of(String kind) {
            return spent.getOrDefault(kind, TimedBackend.Spent.NOTHING);
        }
    }

    private final Setting setting;
    private final double flopsPerSecond;
    private final List<Step> steps = new ArrayList<>();

    private Profile(Setting setting, double flopsPerSecond) {
        this.setting = setting;
        this.flopsPerSecond = flopsPerSecond;
    }

    /** @param flopsPerSecond the ceiling that products are a share of; 0 for none */
    static String measure(Setting setting, double flopsPerSecond) {
        Profile profile = new Profile(setting, flopsPerSecond);
        profile.run();
        return profile.text();
    }

    private void run() {
        try (CpuBackend cpu =
                new CpuBackend(setting.threads, setting.operands.equals("float32") ? DType.F32 : DType.BF16)) {
            TimedBackend timed = new TimedBackend(cpu);
            try (StepRig rig = new StepRig(
                    timed, Shapes.weighted(setting.shape), Recompute.NONE, 1, setting.batch, setting.length)) {
                long begin = System.nanoTime();
                do {
                    step(rig);
                } while ((System.nanoTime() - begin) / 1e9 < setting.warmUpSeconds);
                timed.take();
                while (steps.size() < setting.steps) {
                    long start = System.nanoTime();
                    step(rig);
                    steps.add(new Step(System.nanoTime() - start, timed.take()));
                }
            }
        }
    }

    private void step(StepRig rig) {
        rig.check(setting.objective.equals("kto") ? rig.kto() : rig.sft());
    }

    private String text() {
        Map<String, TimedBackend.Spent> kinds = new LinkedHashMap<>();
        TimedBackend.Spent all = TimedBackend.Spent.NOTHING;
        double wall = 0;
        for (Step step : steps) {
            wall += step.nanos;
            for (Map.Entry<String, TimedBackend.Spent> entry : step.spent.entrySet()) {
                kinds.merge(entry.getKey(), entry.getValue(), TimedBackend.Spent::plus);
                all = all.plus(entry.getValue());
            }
        }
        MarkdownTable table = new MarkdownTable(
                "operation", "calls a step", "ms a step", "of the step", "GFLOP/s", "of the ceiling", "idle");
        List<String> longestFirst = new ArrayList<>(kinds.keySet());
        longestFirst.sort(Comparator.comparingLong(kind -> -kinds.get(kind).nanos()));
        for (String kind : longestFirst) {
            row(table, kind, kinds.get(kind), median(kind), wall);
        }
        double outside = wall - all.nanos();
        table.add(
                "outside operations",
                "",
                Numbers.show(
                        Median.of(steps.stream().mapToDouble(Profile::outside).toArray())
                                        .value()
                                / 1e6),
                percent(outside / wall),
                "",
                "",
                "");
        double step =
                Median.of(steps.stream().mapToDouble(Step::nanos).toArray()).value();
        return String.format(
                Locale.ROOT,
                "%n## %s: a step of %s, %d x %d (backend cpu, operands %s, threads %d, %d steps)%n%n%s ms a step at"
                        + " the median. Idle inside operations: %s of threads x time there; outside operations: %s of the"
                        + " step.%n%n%s",
                setting.shape,
                setting.objective,
                setting.batch,
                setting.length,
                setting.operands,
                setting.threads,
                setting.steps,
                Numbers.show(step / 1e6),
                percent(idle(all)),
                percent(outside / wall),
                table);
    }

    private static double outside(Step step) {
        return step.nanos
                - step.spent.values().stream()
                        .mapToLong(TimedBackend.Spent::nanos)
                        .sum();
    }

    private double median(String kind) {
        return Median.of(steps.stream()
                        .mapToDouble(step -> step.of(kind).nanos())
                        .toArray())
                .value();
    }

    private void row(MarkdownTable table, String kind, TimedBackend.Spent spent, double nanos, double wall) {
        double rate = spent.flops() / spent.nanos();
        boolean products = spent.flops() > 0;
        table.add(
                kind,
                Numbers.show((double) spent.calls() / steps.size()).replaceAll("\\.0+$", ""),
                Numbers.show(nanos / 1e6),
                percent(spent.nanos() / wall),
                products ? String.format(Locale.ROOT, "%.1f", rate) : "",
                products && flopsPerSecond > 0 ? percent(rate * 1e9 / flopsPerSecond) : "",
                percent(idle(spent)));
    }

    /** How much of threads × time no thread was inside a task. */
    private double idle(TimedBackend.Spent spent) {
        return 1 - spent.busy() / ((double) setting.threads * spent.nanos());
    }

    private static String percent(double share) {
        return String.format(Locale.ROOT, "%.1f %%", 100 * share);
    }
}
