package candor.report;

import candor.probe.ProbeReading;
import candor.report.figure.Axis;
import candor.report.figure.Figure;
import candor.report.figure.LineChart;
import candor.report.figure.LineChart.Point;
import candor.report.figure.LineChart.Series;
import candor.report.html.DataTable;
import candor.report.html.Element;
import candor.study.record.Arm;
import candor.study.record.Study;
import candor.study.record.StudyFolder;
import candor.study.record.StudyKind;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The loss of training runs, and the honesty margin where probes were asked: of a study's arms, those of one method and field
 * together, each the mean of its seeds.
 */
final class TrainingCurves {
    private static final String LOSS = "loss";

    private TrainingCurves() {}

    /** One line of a chart. */
    private record Line(String label, int style, int runs, List<Point> points) {}

    static List<Element> of(StudyFolder folder, Study study) {
        List<Element> figures = new ArrayList<>(of(folder, study, LOSS, "Training loss", "loss"));
        figures.addAll(of(folder, study, ProbeReading.HONESTY, "Honesty margin of the probes", "nats"));
        return figures;
    }

    private static List<Element> of(StudyFolder folder, Study study, String metric, String title, String unit) {
        Map<String, List<Line>> groups = new LinkedHashMap<>();
        for (Arm arm : study.arms()) {
            List<RunMetrics> runs = new ArrayList<>();
            for (long seed : arm.seeds()) {
                Path run = folder.training(arm.name(), seed);
                RunMetrics.read(run).filter(metrics -> metrics.has(metric)).ifPresent(runs::add);
            }
            if (!runs.isEmpty()) {
                String group = arm.method().map(Words::method).orElse("Tuning")
                        + arm.domain()
                                .filter(domain -> study.kind() == StudyKind.DIRECT)
                                .map(domain -> ", " + domain)
                                .orElse("");
                groups.computeIfAbsent(group, name -> new ArrayList<>())
                        .add(new Line(arm.label(), Labels.style(arm), runs.size(), RunMetrics.mean(runs, metric)));
            }
        }
        List<Element> figures = new ArrayList<>();
        groups.forEach((group, lines) -> figures.add(figure(title + ": " + group, unit, lines)));
        return figures;
    }

    private static Element figure(String title, String unit, List<Line> lines) {
        DataTable table = new DataTable(title, 1, List.of("Arm", "Runs", "Steps", "First", "Last", "Smallest"));
        List<Series> series = new ArrayList<>();
        List<Double> heights = new ArrayList<>();
        List<Double> steps = new ArrayList<>();
        boolean apart = lines.stream().map(Line::style).distinct().count() == lines.size();
        for (Line line : lines) {
            series.add(Series.of(line.label(), apart ? line.style() : series.size(), line.points(), false));
            line.points().forEach(p -> {
                heights.add(p.y());
                steps.add(p.x());
            });
            table.row(
                    line.label(),
                    line.runs(),
                    Cells.number(line.points().getLast().x(), 0),
                    Cells.any(line.points().getFirst().y()),
                    Cells.any(line.points().getLast().y()),
                    Cells.any(line.points().stream().mapToDouble(Point::y).min().orElse(Double.NaN)));
        }
        return Figure.of(
                title,
                chart(title, unit, steps, heights, series).svg(),
                "Mean over the runs of an arm; each point is the mean of the steps around it.",
                table);
    }

    static LineChart chart(String title, String yName, List<Double> steps, List<Double> heights, List<Series> series) {
        return new LineChart(
                "Line chart: " + title,
                "optimiser step",
                yName,
                Axis.steps(steps),
                Axis.linear(heights, -Double.MAX_VALUE, Double.MAX_VALUE, ""),
                series,
                null);
    }
}
