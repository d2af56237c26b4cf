package candor.report;

import candor.probe.ProbeReading;
import candor.report.figure.Figure;
import candor.report.figure.LineChart.Point;
import candor.report.figure.LineChart.Series;
import candor.report.html.DataTable;
import candor.report.html.Element;
import candor.report.html.Node;
import candor.train.RunStatus;
import candor.train.log.StepLog;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** A training run's part of a report. */
final class RunPart {
    /** Counters and clocks, which are no results. */
    private static final Set<String> NOT_DRAWN = Set.of(
            "epoch",
            "tokens",
            StepLog.TOKENS_PER_SECOND,
            StepLog.UTILISATION,
            StepLog.MEMORY,
            StepLog.DEVICE_MEMORY,
            "step_s",
            "seconds",
            "honest_step",
            ProbeReading.HONESTY + ProbeReading.SPREAD,
            ProbeReading.BELIEF + ProbeReading.SPREAD,
            ProbeReading.PROJECTION + ProbeReading.SPREAD);

    /** Metrics that share a scale and are read together. */
    private static final List<List<String>> TOGETHER = List.of(
            List.of("loss", "eval_loss"),
            List.of(ProbeReading.HONESTY, ProbeReading.BELIEF),
            List.of("rewards/chosen", "rewards/rejected", "rewards/margins"),
            List.of("logps/chosen", "logps/rejected"));

    private RunPart() {}

    static Part of(Path folder, ObjectNode run, String name) {
        Element facts = Element.of("dl");
        for (String each : List.of("status", "reason", "steps_done", "seed", "start", "end", "device", "candor")) {
            if (run.path(each).isValueNode() && !run.path(each).isNull()) {
                facts.add(
                        Element.of("dt", Words.plain(each)),
                        Element.of(
                                "dd",
                                each.equals("status")
                                        ? status(folder, run)
                                        : run.path(each).asText()));
            }
        }
        Optional<RunMetrics> metrics = RunMetrics.read(folder);
        List<Node> figures = metrics.map(RunPart::figures).orElse(List.of());
        List<Section> sections = new ArrayList<>();
        if (figures.size() > 1) {
            sections.add(new Section(
                    "Training curves",
                    List.of(Element.of("div", figures.subList(1, figures.size()))
                            .cls("figures"))));
        }
        metrics.ifPresent(each -> sections.add(new Section("Tables", List.of(table(each)))));
        sections.add(new Section("The run", List.of(facts)));
        sections.add(new Section(
                "How to run it again",
                List.of(
                        Element.of(
                                "p",
                                "The same settings, files and version give the same adapter, byte for byte, on a"
                                        + " processor of the same kind; the hashes of model and data are among the"
                                        + " settings below."),
                        Details.of("Every setting", List.of(Settings.table("What run.json records", run))))));
        return new Part(
                name,
                "Training run: " + name(folder),
                List.of(Finding.of(metrics.map(RunPart::sentence).orElse("No steps are recorded yet."), "")),
                figures.stream().findFirst(),
                List.of(),
                sections,
                List.of(),
                ReplyBrowser.Classes.NONE);
    }

    /** What the loss did, or how long it went. */
    private static String sentence(RunMetrics metrics) {
        List<Point> loss = metrics.values().getOrDefault("loss", List.of());
        if (loss.isEmpty()) {
            return "The run records no loss.";
        }
        List<Point> means = RunMetrics.mean(List.of(metrics), "loss");
        String step = Words.any(loss.getLast().x());
        return means.size() < 2
                ? "The loss at step " + step + " is " + Words.any(loss.getLast().y()) + "."
                : "Up to step " + step + ", the loss went from "
                        + Words.any(means.getFirst().y()) + " to "
                        + Words.any(means.getLast().y()) + ".";
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

    private static List<Node> figures(RunMetrics metrics) {
        List<Node> figures = new ArrayList<>();
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
                table.row(Cells.any(p.x()), name, Cells.any(p.y()));
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
                        Cells.any(points.getFirst().y()),
                        Cells.any(points.getLast().y()),
                        Cells.any(points.stream().mapToDouble(Point::y).min().orElseThrow()),
                        Cells.any(points.stream().mapToDouble(Point::y).max().orElseThrow())));
        return table;
    }
}
