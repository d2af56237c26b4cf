package candor.report;

import candor.BadInput;
import candor.data.read.Entry;
import candor.data.read.RowReader;
import candor.io.IoReason;
import candor.io.JsonRecord;
import candor.report.figure.LineChart.Point;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A run's {@code metrics.jsonl}: named values by step; values that are no finite numbers are left out. What probes said before
 * the first step stands at step 0.
 */
record RunMetrics(Map<String, List<Point>> values) {
    private static final int MAX_LINE_BYTES = 1 << 20;
    private static final int MAX_STEPS = 2_000_000;
    private static final int MOST_NAMES = 40;
    private static final int BINS = 60;

    /** Reads a run's metrics; empty where there are none. A last line that is still being written is passed over. */
    static Optional<RunMetrics> read(Path run) {
        Path file = run.resolve("metrics.jsonl");
        try {
            if (!Files.isRegularFile(file) || Files.size(file) == 0) {
                return Optional.empty();
            }
        } catch (IOException e) {
            throw new BadInput(file + ": cannot be read: " + IoReason.of(e), e);
        }
        Map<String, List<Point>> values = new LinkedHashMap<>();
        int steps = 0;
        try (RowReader reader = RowReader.open(file, MAX_LINE_BYTES)) {
            for (Entry entry = reader.next(); entry != null; ) {
                Entry next = reader.next();
                switch (entry) {
                    case Entry.Row row -> take(row, values);
                    case Entry.Bad bad -> {
                        if (next != null) {
                            throw bad.toBadInput();
                        }
                    }
                }
                if (++steps > MAX_STEPS) {
                    throw new BadInput(file + ": has more than " + MAX_STEPS + " steps");
                }
                entry = next;
            }
        }
        if (values.isEmpty()) {
            return Optional.empty();
        }
        start(run)
                .forEach((name, value) -> values.computeIfPresent(name, (_, points) -> {
                    points.addFirst(new Point(0, value, Double.NaN, Double.NaN));
                    return points;
                }));
        return Optional.of(new RunMetrics(values));
    }

    /** What probes said before the first step, as the run's record has it; empty where none were asked. */
    static Map<String, Double> start(Path run) {
        Map<String, Double> start = new LinkedHashMap<>();
        JsonRecord.read(run.resolve("run.json"))
                .ifPresent(record -> record.path("honesty_probes").path("start").properties().stream()
                        .limit(MOST_NAMES)
                        .filter(each -> each.getValue().isNumber()
                                && Double.isFinite(each.getValue().doubleValue()))
                        .forEach(
                                each -> start.put(each.getKey(), each.getValue().doubleValue())));
        return start;
    }

    private static void take(Entry.Row row, Map<String, List<Point>> values) {
        JsonNode step = row.columns().path("step");
        if (!step.isNumber() || !(step.doubleValue() >= 0)) {
            throw new BadInput(row.origin() + ": has no \"step\"");
        }
        row.columns().properties().forEach(field -> {
            double value = field.getValue().isNumber() ? field.getValue().doubleValue() : Double.NaN;
            boolean room = values.containsKey(field.getKey()) || values.size() < MOST_NAMES;
            if (Double.isFinite(value) && room && !field.getKey().equals("step")) {
                values.computeIfAbsent(field.getKey(), name -> new ArrayList<>())
                        .add(new Point(step.doubleValue(), value, Double.NaN, Double.NaN));
            }
        });
    }

    /** The value of the last step that has one. */
    double last(String name) {
        return values.get(name).getLast().y();
    }

    boolean has(String name) {
        return values.containsKey(name);
    }

    Set<String> names() {
        return new LinkedHashSet<>(values.keySet());
    }

    /** The mean over runs, in at most so many stretches of steps as a chart can show. */
    static List<Point> mean(List<RunMetrics> runs, String name) {
        double most = runs.stream()
                .flatMap(run -> run.values().getOrDefault(name, List.of()).stream())
                .mapToDouble(Point::x)
                .max()
                .orElse(0);
        double width = Math.max(1, Math.ceil((most + 1) / BINS));
        double[][] bins = new double[BINS + 1][3]; // sum of steps, sum of values, how many
        for (RunMetrics run : runs) {
            for (Point p : run.values().getOrDefault(name, List.of())) {
                double[] bin = bins[(int) Math.min(BINS, p.x() / width)];
                bin[0] += p.x();
                bin[1] += p.y();
                bin[2]++;
            }
        }
        List<Point> points = new ArrayList<>();
        for (double[] bin : bins) {
            if (bin[2] > 0) {
                points.add(new Point(bin[0] / bin[2], bin[1] / bin[2], Double.NaN, Double.NaN));
            }
        }
        return points;
    }
}
