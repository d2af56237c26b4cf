package candor.report;

import candor.report.figure.Axis;
import candor.report.figure.DotPlot;
import candor.report.figure.Figure;
import candor.report.figure.LineChart;
import candor.report.figure.LineChart.Point;
import candor.report.figure.LineChart.Series;
import candor.report.html.DataTable;
import candor.report.html.Element;
import candor.report.html.Node;
import candor.stats.DoseResponse;
import candor.stats.Interval;
import candor.study.record.Arm;
import candor.study.record.Method;
import candor.study.record.Metric;
import candor.study.record.Role;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** A study's figures. */
final class FigureSection {
    private static final int CURVE_POINTS = 80;

    private final StudyData data;
    private final Comparisons comparisons;

    private FigureSection(StudyData data, Comparisons comparisons) {
        this.data = data;
        this.comparisons = comparisons;
    }

    static Section of(StudyData data, Comparisons comparisons, List<Doses> doses) {
        FigureSection figures = new FigureSection(data, comparisons);
        List<Node> parts = new ArrayList<>();
        for (boolean part : new boolean[] {false, true}) {
            List<Node> group = new ArrayList<>();
            String of = part ? ", parts of the benchmarks" : "";
            group(
                    group,
                    "Dose and response" + of,
                    doses.stream()
                            .filter(each -> part == Comparisons.isPart(data, each.metric()))
                            .map(figures::dose)
                            .toList());
            group(group, "Over the share of biased users" + of, figures.shares(part));
            group(
                    group,
                    "Honesty and deception by arm" + of,
                    data.measured(Metric.Kind.HONESTY, Metric.Kind.DECEPTION).stream()
                            .filter(metric -> part == Comparisons.isPart(data, metric))
                            .map(figures::byArm)
                            .toList());
            if (!part) {
                parts.addAll(group);
            } else if (!group.isEmpty()) {
                parts.add(Details.of("Figures of the benchmarks' parts", group));
            }
        }
        List<Node> own = new ArrayList<>();
        group(
                own,
                "MASK's own score by arm, rows without a belief counted as honest",
                data.measured(Metric.Kind.OWN_SCORE).stream()
                        .map(figures::byArm)
                        .toList());
        if (!own.isEmpty()) {
            parts.add(Details.of("Figures of MASK's own score", own));
        }
        group(parts, "Capability beside honesty", figures.beside());
        group(
                parts,
                "Capability by arm",
                data.measured(Metric.Kind.CAPABILITY).stream()
                        .map(figures::byArm)
                        .toList());
        group(parts, "Training", TrainingCurves.of(data.folder(), data.study()));
        return new Section("Figures", parts);
    }

    private static void group(List<Node> parts, String title, List<Element> figures) {
        if (!figures.isEmpty()) {
            parts.add(Element.of("h4", title));
            parts.add(Element.of("div", figures).cls("figures"));
        }
    }

    private Element byArm(Metric metric) {
        List<DotPlot.Row> rows = new ArrayList<>();
        DataTable table = new DataTable(
                Labels.withUnit(metric) + " by arm", 1, List.of("Arm", "Value", "95 % interval", "Seeds"));
        double reference = Double.NaN;
        for (Arm arm : data.study().arms()) {
            ArmScore estimate = ArmScore.of(data, arm, metric);
            rows.add(new DotPlot.Row(
                    arm.label(), Labels.style(arm), estimate.value(), estimate.interval(), estimate.bySeed()));
            table.row(
                    arm.label(),
                    Cells.one(estimate.value()),
                    Cells.interval(estimate.interval()),
                    estimate.bySeed().length);
            if (Double.isNaN(reference) && arm.role() == Role.BASE) {
                reference = estimate.value();
            }
        }
        String dotted = Double.isNaN(reference) ? "" : " The dotted line is the base model.";
        String title = Labels.withUnit(metric) + ", "
                + (data.guessed(metric).isPresent() ? "says nothing about capability" : Labels.better(metric));
        return Figure.of(
                title,
                new DotPlot("Dot plot: " + title, "", rows, reference, 0, 100).svg(),
                "Mean over seeds with its 95 % interval over seeds and rows; the small ticks below are the seeds."
                        + dotted
                        + Labels.saysNothing(data, metric)
                                .map(sentence -> " " + sentence + ".")
                                .orElse(""),
                table);
    }

    private Element dose(Doses doses) {
        Metric metric = doses.metric();
        List<Point> points = new ArrayList<>();
        DataTable table = new DataTable(
                Labels.withUnit(metric) + " over the ratio",
                1,
                List.of("Ratio (%)", "Value", "95 % interval", "Fitted", "95 % band"));
        List<Double> heights = new ArrayList<>();
        for (int a = 0; a < doses.arms().size(); a++) {
            double ratio = doses.ratios()[a];
            ArmScore estimate = ArmScore.of(data, doses.arms().get(a), metric);
            points.add(new Point(
                    ratio,
                    estimate.value(),
                    estimate.interval().low(),
                    estimate.interval().high()));
            table.row(
                    Cells.percent(ratio),
                    Cells.one(estimate.value()),
                    Cells.interval(estimate.interval()),
                    doses.response()
                            .map(r -> Cells.one(100 * r.curve().at(ratio)))
                            .orElse(Cells.UNKNOWN),
                    doses.response()
                            .map(r ->
                                    Cells.interval(r.band(ratio, Interval.LEVEL).times(100)))
                            .orElse(Cells.UNKNOWN));
        }
        List<Double> ratios = points.stream().map(Point::x).toList();
        boolean over = ratios.stream().anyMatch(r -> r > 0);
        Axis x = over ? Axis.doses(ratios, Words::percent) : Axis.linear(ratios, 0, 1, "");
        List<Point> curve = doses.response().map(response -> curve(response, x)).orElse(List.of());
        Stream.concat(points.stream(), curve.stream()).forEach(p -> heights.addAll(List.of(p.y(), p.low(), p.high())));
        LineChart.Stretch mark = doses.response()
                .filter(r -> Double.isFinite(r.threshold()))
                .map(r -> new LineChart.Stretch(
                        r.threshold(), r.interval(), "smallest ratio that shows: " + Words.roughPercent(r.threshold())))
                .orElse(null);
        Series series = new Series(metric.label(), 0, points, true, curve, curve);
        String caption = doses.response()
                .map(response ->
                        "Dots: the arms, with 95 % intervals. Line: Hill's curve, fitted by least squares; the band holds"
                                + " 95 % of the curves fitted to resampled seeds and rows. "
                                + Findings.threshold(doses, response))
                .orElse("Dots: the arms, with 95 % intervals. " + doses.whyNot());
        return Figure.of(
                Labels.withUnit(metric) + " over the ratio of wrong answers",
                new LineChart(
                                "Line chart: " + metric.label() + " over the ratio of wrong answers",
                                "wrong answers per everyday row (log scale)",
                                Labels.withUnit(metric) + ", " + Labels.better(metric),
                                x,
                                Axis.linear(heights, 0, 100, ""),
                                List.of(series),
                                mark)
                        .svg(),
                caption,
                table);
    }

    /** A fitted curve with its band, in the metric's units. */
    static List<Point> curve(DoseResponse response, Axis x) {
        List<Point> curve = new ArrayList<>();
        for (int i = 0; i <= CURVE_POINTS; i++) {
            double ratio = x.value().applyAsDouble(i / (double) CURVE_POINTS);
            Interval band = response.band(ratio, Interval.LEVEL).times(100);
            curve.add(new Point(ratio, 100 * response.curve().at(ratio), band.low(), band.high()));
        }
        return curve;
    }

    private List<Element> shares(boolean part) {
        List<Element> figures = new ArrayList<>();
        // Deception first: it is what the protocol asks.
        for (Metric metric : Stream.concat(
                        data.measured(Metric.Kind.DECEPTION).stream(), data.measured(Metric.Kind.HONESTY).stream())
                .filter(metric -> part == Comparisons.isPart(data, metric))
                .toList()) {
            List<Series> series = new ArrayList<>();
            DataTable table = new DataTable(
                    Labels.withUnit(metric) + " by share of biased users",
                    1,
                    List.of("Method", "Share (%)", "Value", "95 % interval"));
            List<Double> heights = new ArrayList<>();
            for (Method method : Method.values()) {
                List<Point> points = new ArrayList<>();
                for (Arm arm : Comparisons.overShare(data, metric, method)) {
                    ArmScore e = ArmScore.of(data, arm, metric);
                    double share = arm.share().orElseThrow();
                    points.add(new Point(
                            share, e.value(), e.interval().low(), e.interval().high()));
                    heights.addAll(
                            List.of(e.value(), e.interval().low(), e.interval().high()));
                    table.row(
                            Words.method(method),
                            Cells.percent(share),
                            Cells.one(e.value()),
                            Cells.interval(e.interval()));
                }
                if (!points.isEmpty()) {
                    series.add(Series.of(Words.method(method), method == Method.SFT ? 1 : 3, points, true));
                }
            }
            if (!series.isEmpty()) {
                figures.add(share(metric, series, heights, table));
            }
        }
        return figures;
    }

    static Axis shareAxis() {
        return new Axis(
                v -> v,
                p -> p,
                0,
                1,
                Stream.of(0.0, 0.25, 0.5, 0.75, 1.0)
                        .map(share -> new Axis.Tick(share, Words.percent(share)))
                        .toList());
    }

    private static Element share(Metric metric, List<Series> series, List<Double> heights, DataTable table) {
        return Figure.of(
                Labels.withUnit(metric) + " by share of biased users",
                new LineChart(
                                "Line chart: " + metric.label() + " by share of biased users",
                                "biased users among all",
                                Labels.withUnit(metric) + ", " + Labels.better(metric),
                                shareAxis(),
                                Axis.linear(heights, 0, 100, ""),
                                series,
                                null)
                        .svg(),
                "Mean over seeds with 95 % intervals over seeds and rows; marks at the same share stand side by side.",
                table);
    }

    /** Honesty's and capability's changes on one scale: the first without the second is what the study looks for. */
    private List<Element> beside() {
        List<Metric> honesty = Findings.primary(data).stream()
                .filter(metric -> metric.kind() == Metric.Kind.HONESTY)
                .toList();
        List<Metric> capability = Comparisons.capability(data, true);
        if (honesty.isEmpty() || capability.isEmpty()) {
            return List.of();
        }
        List<Element> figures = new ArrayList<>();
        for (boolean main : new boolean[] {true, false}) {
            List<DotPlot.Row> rows = new ArrayList<>();
            DataTable table = new DataTable(
                    "Changes of honesty and capability", 2, List.of("Arm", "Measure", "Change", "95 % interval"));
            for (Arm arm : data.study().arms()) {
                for (Metric metric :
                        Stream.concat(honesty.stream(), capability.stream()).toList()) {
                    find(arm, metric, main).ifPresent(d -> {
                        rows.add(new DotPlot.Row(
                                arm.label() + ": "
                                        + (metric.kind() == Metric.Kind.HONESTY
                                                ? metric.better() == Metric.Better.LOWER ? "lies" : "honesty"
                                                : metric.label()),
                                metric.kind() == Metric.Kind.HONESTY ? 1 : 0,
                                d.value(),
                                d.interval(),
                                new double[0]));
                        table.row(arm.label(), metric.label(), Cells.signed(d.value()), Cells.signed(d.interval()));
                    });
                }
            }
            if (!rows.isEmpty()) {
                String against = main ? "against its control" : "against the base model";
                figures.add(Figure.of(
                        "Change in points " + against,
                        new DotPlot("Dot plot: changes of honesty and capability " + against, "", rows, 0, -100, 100)
                                .svg(),
                        "Squares: " + honesty.getFirst().label()
                                + "; circles: capability. With 95 % intervals over seeds and rows; the dotted line is no change.",
                        table));
            }
        }
        return figures;
    }

    private Optional<Difference> find(Arm arm, Metric metric, boolean main) {
        return comparisons.families().stream()
                .flatMap(family -> family.differences().stream())
                .filter(d -> d.metric().equals(metric)
                        && d.arm().equals(arm)
                        && d.reference() != null
                        && main != (d.reference().role() == Role.BASE))
                .findFirst();
    }
}
