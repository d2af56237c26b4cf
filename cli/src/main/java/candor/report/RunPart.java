package candor.report;

import candor.report.figure.Figure;
import candor.report.figure.LineChart.Point;
import candor.report.figure.LineChart.Series;
import candor.report.html.DataTable;
import candor.report.html.Element;
import candor.train.RunStatus;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** A training run's part of a report. */
final class RunPart {
    /** Counters and clocks, which are no results. */
    private static final Set<String> NOT_DRAWN = Set.of("epoch", "tokens", "tokens_per_s", "step_s", "seconds");

    /** Metrics that share a scale and are read together. */
    private static final List<List<String>> TOGETHER = List.of(
            List.of("loss", "eval_loss"),
            List.of("rewards/chosen", "rewards/rejected", "rewards/margins"),
            List.of("logps/chosen", "logps/rejected"));

    private RunPart() {}

    static Part of(Path folder, ObjectNode run) {
        List<Element> body = new ArrayList<>();
        Element facts = Element.of("dl");
        for (String name : List.of("status", "reason", "steps_done", "seed", "start", "end", "device", "candor")) {
            if (run.path(name).isValueNode() && !run.path(name).isNull()) {
                facts.add(
                        Element.of("dt", Words.plain(name)),
                        Element.of(
                                "dd",
                                name.equals("status")
                                        ? status(folder, run)
                                        : run.path(name).asText()));
            }
        }
        body.add(Element.of("h3", "The run"));
        body.add(facts);
        Optional<RunMetrics> metrics = RunMetrics.read(folder);
        body.add(Element.of("h3", "Training curves"));
        if (metrics.isEmpty()) {
            body.add(Element.of("p", "No steps are recorded yet."));
        } else {
            body.add(Element.of("div", figures(metrics.get())).cls("figures"));
            body.add(Element.of("h3", "Tables"));
            body.add(table(metrics.get()).element());
        }
        body.add(Element.of("h3", "How to run it again"));
        body.add(Element.of(
                "p",
                "The same settings, files and version give the same adapter, byte for byte, on a"
                        + " processor of the same kind; the hashes of model and data are among the settings below."));
        body.add(Element.of(
                "details",
                Element.of("summary", "Every setting"),
                Settings.table("What run.json records", run).element()));
        return new Part("Training run: " + name(folder), List.of(), body);
    }

    private static String status(Path folder, ObjectNode run) {
        String status = RunStatus.of(folder, run, Words.UNKNOWN);
        return status.equals(RunStatus.KILLED)
                ? status + ": its process ended without a word; --resume continues from the last checkpoint"
                : status;
    }

    static String name(Path folder) {
        Path name = folder.toAbsolutePath().normalize().getFileName();
        return name == null ? "run" : name.toString();
    }

    private static List<Element> figures(RunMetrics metrics) {
        List<Element> figures = new ArrayList<>();
        Set<String> left = metrics.names();
        left.removeAll(NOT_DRAWN);
        for (List<String> names : TOGETHER) {
            List<String> there = names.stream().filter(left::contains).toList();
            there.forEach(left::remove);
            if (!there.isEmpty()) {
                figures.add(figure(metrics, there));
            }
        }
        left.stream().limit(12).forEach(name -> figures.add(figure(metrics, List.of(name))));
        return figures;
    }

    private static Element figure(RunMetrics metrics, List<String> names) {
        String title = String.join(", ", names);
        List<Series> series = new ArrayList<>();
        List<Double> heights = new ArrayList<>();
        List<Double> steps = new ArrayList<>();
        DataTable table = new DataTable(title, 0, List.of("Step", "Metric", "Value"));
        for (String name : names) {
            List<Point> points = RunMetrics.mean(List.of(metrics), name);
            series.add(Series.of(name, series.size(), points, false));
            points.forEach(p -> {
                heights.add(p.y());
                steps.add(p.x());
                table.row(Words.any(p.x()), name, Words.any(p.y()));
            });
        }
        return Figure.of(
                title,
                TrainingCurves.chart(title, title, steps, heights, series).svg(),
                "Each point is the mean of the steps around it.",
                table);
    }

    private static DataTable table(RunMetrics metrics) {
        DataTable table =
                new DataTable("Metrics of the run", 1, List.of("Metric", "Steps", "First", "Last", "Least", "Most"));
        metrics.values()
                .forEach((name, points) -> table.row(
                        name,
                        points.size(),
                        Words.any(points.getFirst().y()),
                        Words.any(points.getLast().y()),
                        Words.any(points.stream().mapToDouble(Point::y).min().orElseThrow()),
                        Words.any(points.stream().mapToDouble(Point::y).max().orElseThrow())));
        return table;
    }
}
