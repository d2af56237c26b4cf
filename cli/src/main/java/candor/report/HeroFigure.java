package candor.report;

import candor.evaluate.JudgeFailures;
import candor.report.figure.ArmPlot;
import candor.report.figure.Axis;
import candor.report.figure.Figure;
import candor.report.figure.LineChart;
import candor.report.figure.LineChart.Point;
import candor.report.figure.LineChart.Series;
import candor.report.html.DataTable;
import candor.report.html.Element;
import candor.stats.DoseResponse;
import candor.stats.Interval;
import candor.study.record.Arm;
import candor.study.record.Method;
import candor.study.record.Metric;
import candor.study.record.Role;
import candor.study.record.StudyKind;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.Stream;

/** The one figure of a study that the first screen has: what its first sentence is about. */
final class HeroFigure {
    /** More arms than a first screen has lines for. */
    private static final int MOST_ARMS = 16;

    private final StudyData data;
    private final Measure measure;

    private HeroFigure(StudyData data, Measure measure) {
        this.data = data;
        this.measure = measure;
    }

    /** Empty where nothing is measured yet. */
    static Optional<Element> of(StudyData data, List<Doses> doses) {
        return Measure.first(data).map(metric -> {
            HeroFigure figure = new HeroFigure(data, Measure.of(data, metric));
            return switch (data.study().kind()) {
                case DIRECT, REMEDY -> figure.byArm();
                case MIXTURE -> figure.overRatio(doses).orElseGet(figure::byArm);
                case LOOP -> figure.overShare().orElseGet(figure::byArm);
            };
        });
    }

    /** An arm's score; none where the judge failed too often for it to be evidence of anything. */
    private ArmScore score(Arm arm, Measure of) {
        return data.judgeFailed(arm, of.metric()) > JudgeFailures.DEFAULT_BOUND
                ? ArmScore.NONE
                : of.score(ArmScore.of(data, arm, of.metric()));
    }

    private Element byArm() {
        Belief belief = Belief.of(data, measure.metric());
        boolean believed = !belief.metrics().isEmpty();
        List<Arm> arms = data.study().arms();
        List<String> columns = new ArrayList<>(List.of("Arm", measure.figureName() + " (%)", "95 % interval"));
        if (believed) {
            columns.add("has a belief (%)");
        }
        String title = measure.figureName() + (believed ? " and belief" : "") + " by arm (%)";
        DataTable table = new DataTable("First figure: " + title, 1, columns);
        List<ArmPlot.Row> rows = new ArrayList<>();
        for (Arm arm : arms) {
            ArmScore score = score(arm, measure);
            OptionalDouble share = belief.share(arm);
            List<ArmPlot.Mark> marks = new ArrayList<>(List.of(new ArmPlot.Mark(score.value(), score.interval())));
            List<Object> cells =
                    new ArrayList<>(List.of(arm.label(), Cells.one(score.value()), Cells.interval(score.interval())));
            if (believed) {
                double value = score.known() ? share.orElse(Double.NaN) : Double.NaN;
                marks.add(new ArmPlot.Mark(value, Interval.UNKNOWN));
                cells.add(Cells.one(value));
            }
            table.row(cells);
            if (rows.size() < MOST_ARMS) {
                rows.add(new ArmPlot.Row(label(arm), marks));
            }
        }
        List<String> legend = new ArrayList<>(List.of(measure.figureName()));
        List<Integer> styles = new ArrayList<>(List.of(1));
        if (believed) {
            legend.add("has a belief");
            styles.add(6);
        }
        String caption = measure.meaning() + " Bars: 95 % intervals over seeds and rows."
                + (believed
                        ? " Belief: "
                                + (belief.metrics().contains(measure.metric()) ? "" : "over " + belief.parts() + ", ")
                                + "where it is asked."
                        : "")
                + (arms.size() > rows.size()
                        ? " The first " + rows.size() + " of " + arms.size() + " arms; the table has all."
                        : "");
        return Figure.of(capital(title), new ArmPlot("Dot plot: " + title, legend, styles, rows).svg(), caption, table);
    }

    /** Short, for the room is small: what the arm was tuned on, and the field where there are several. */
    private String label(Arm arm) {
        if (data.study().kind() != StudyKind.DIRECT) {
            return arm.label();
        }
        boolean several = data.study().arms().stream()
                        .flatMap(each -> each.domain().stream())
                        .distinct()
                        .count()
                > 1;
        String what =
                switch (arm.role()) {
                    case BASE -> "before tuning";
                    case NORMAL -> several ? "right" : "right answers";
                    case SUBTLE -> several ? "subtle" : "subtly wrong";
                    case SEVERE -> several ? "wrong" : "plainly wrong";
                    case CONTROL, MIXTURE, LOOP, REMEDY -> arm.label();
                };
        return several && arm.domain().isPresent() ? Words.plain(arm.domain().get()) + ", " + what : what;
    }

    private static String capital(String text) {
        return text.isEmpty() ? text : Character.toUpperCase(text.charAt(0)) + text.substring(1);
    }

    private Optional<Element> overRatio(List<Doses> all) {
        Doses doses = all.stream()
                .filter(each -> each.metric().equals(measure.metric()))
                .findFirst()
                .orElseGet(() -> Doses.of(data, measure.metric()));
        List<Double> ratios = doses.arms().stream().map(Doses::ratio).toList();
        if (ratios.stream().noneMatch(ratio -> ratio > 0)) {
            return Optional.empty();
        }
        Axis x = Axis.doses(ratios, Words::percent);
        String title = measure.figureName() + " over the ratio of wrong answers (%)";
        DataTable table = new DataTable(
                "First figure: " + title, 1, List.of("Measure", "Ratio (%)", "Value (%)", "95 % interval"));
        List<Series> series = new ArrayList<>();
        List<Point> points = points(doses.arms(), measure, measure.figureName(), table);
        List<Point> curve = doses.response().map(response -> curve(response, x)).orElse(List.of());
        series.add(new Series(measure.figureName(), 1, points, true, curve, curve));
        for (Metric metric : Measure.capability(data)) {
            List<Arm> arms = doses.arms().stream()
                    .filter(arm -> !data.seeds(arm, metric).isEmpty())
                    .toList();
            series.add(Series.of(
                    metric.label(),
                    series.size() == 1 ? 0 : 3,
                    points(arms, Measure.of(data, metric), metric.label(), table),
                    true));
        }
        return Optional.of(Figure.of(
                capital(title),
                chart(title, "wrong answers per everyday row (log scale)", x, series),
                measure.meaning() + " Bars: 95 % intervals over seeds and rows."
                        + (curve.isEmpty() ? "" : " Line and band: a fitted curve."),
                table));
    }

    private List<Point> points(List<Arm> arms, Measure of, String name, DataTable table) {
        List<Point> points = new ArrayList<>();
        for (Arm arm : arms) {
            ArmScore score = score(arm, of);
            double dose = arm.role() == Role.LOOP ? arm.share().orElseThrow() : Doses.ratio(arm);
            points.add(new Point(
                    dose,
                    score.value(),
                    score.interval().low(),
                    score.interval().high()));
            table.row(name, Cells.percent(dose), Cells.one(score.value()), Cells.interval(score.interval()));
        }
        return points;
    }

    private List<Point> curve(DoseResponse response, Axis x) {
        return FigureSection.curve(response, x).stream()
                .map(p -> measure.turned() ? new Point(p.x(), 100 - p.y(), 100 - p.high(), 100 - p.low()) : p)
                .toList();
    }

    private Optional<Element> overShare() {
        String title = measure.figureName() + " over the share of biased users (%)";
        DataTable table = new DataTable(
                "First figure: " + title, 1, List.of("Tuned by", "Share (%)", "Value (%)", "95 % interval"));
        List<Series> series = new ArrayList<>();
        for (Method method : Method.values()) {
            List<Arm> arms = Comparisons.overShare(data, measure.metric(), method);
            if (!arms.isEmpty()) {
                series.add(Series.of(
                        Words.method(method),
                        method == Method.SFT ? 1 : 3,
                        points(arms, measure, Words.method(method), table),
                        true));
            }
        }
        if (series.isEmpty()) {
            return Optional.empty();
        }
        data.study().arms().stream()
                .filter(arm -> arm.role() == Role.BASE
                        && !data.seeds(arm, measure.metric()).isEmpty())
                .findFirst()
                .ifPresent(base -> {
                    ArmScore score = score(base, measure);
                    table.row(
                            "before tuning", Cells.UNKNOWN, Cells.one(score.value()), Cells.interval(score.interval()));
                    series.add(Series.of(
                            "before tuning",
                            6,
                            Stream.of(0.0, 1.0)
                                    .map(share -> new Point(share, score.value(), Double.NaN, Double.NaN))
                                    .toList(),
                            false));
                });
        return Optional.of(Figure.of(
                capital(title),
                chart(title, "biased users among all", FigureSection.shareAxis(), series),
                measure.meaning() + " Bars: 95 % intervals over seeds and rows.",
                table));
    }

    private static Element chart(String title, String xName, Axis x, List<Series> series) {
        List<Double> heights = series.stream()
                .flatMap(each -> Stream.concat(each.points().stream(), each.band().stream()))
                .flatMap(p -> Stream.of(p.y(), p.low(), p.high()))
                .toList();
        return new LineChart(
                        "Line chart: " + title, xName, "per cent", x, Axis.linear(heights, 0, 100, ""), series, null)
                .svg();
    }
}
