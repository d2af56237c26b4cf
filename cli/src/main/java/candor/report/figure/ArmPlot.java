package candor.report.figure;

import candor.report.html.Element;
import candor.report.html.Visible;
import candor.stats.Interval;
import java.util.ArrayList;
import java.util.List;

/**
 * Several percentages of each arm on one line, with a legend above: what changes beside what stays. Made to be read at a glance, so
 * the axis is the whole of 0 to 100.
 *
 * @param legend a name for each of a row's marks
 * @param styles of the marks, as {@link LineChart.Series} has them
 */
public record ArmPlot(String description, List<String> legend, List<Integer> styles, List<Row> rows) {
    /** @param marks one for each name of the legend; a value that is not known is NaN */
    public record Row(String label, List<Mark> marks) {
        public Row {
            marks = List.copyOf(marks);
        }
    }

    /** A value; an interval that is not known is not drawn. */
    public record Mark(double value, Interval interval) {}

    private static final double LEFT = 124;
    private static final double RIGHT = Svg.WIDTH - 34;
    private static final double TOP = 24;
    private static final int LABEL = 19;

    /** Fewer arms have more room each. */
    private double height() {
        return rows.size() <= 6 ? 34 : rows.size() <= 10 ? 26 : 20;
    }

    public Element svg() {
        double bottom = TOP + height() * rows.size();
        Element svg = Svg.canvas(bottom + 20, description, values());
        double at = 2;
        for (int m = 0; m < legend.size(); m++) {
            svg.add(Svg.mark(styles.get(m), at + 5, 10, 4.2));
            String name = Visible.brief(legend.get(m), 26);
            svg.add(Svg.text(at + 14, 14, "start", name));
            at += 14 + Svg.width(name) + 12;
        }
        for (int tick = 0; tick <= 100; tick += 25) {
            svg.add(Svg.line(x(tick), TOP, x(tick), bottom, "grid"));
            svg.add(Svg.text(x(tick), bottom + 15, "middle", String.valueOf(tick))
                    .cls("quiet"));
        }
        for (int r = 0; r < rows.size(); r++) {
            row(svg, rows.get(r), TOP + height() * (r + 0.5));
        }
        return svg;
    }

    private void row(Element svg, Row row, double y) {
        svg.add(Svg.text(2, y + 4, "start", Visible.brief(row.label(), LABEL)));
        if (row.marks().stream().allMatch(mark -> Double.isNaN(mark.value()))) {
            svg.add(Svg.text(LEFT, y + 4, "start", "no results").cls("quiet"));
            return;
        }
        // The first is what it is about: it lies on top, and its number stands at the end.
        for (int m = row.marks().size() - 1; m >= 0; m--) {
            Mark mark = row.marks().get(m);
            if (Double.isNaN(mark.value())) {
                continue;
            }
            if (mark.interval().known()) {
                svg.add(Svg.line(
                        x(mark.interval().low()), y, x(mark.interval().high()), y, "thin s" + styles.get(m) % 7));
            }
            svg.add(Svg.mark(styles.get(m), x(mark.value()), y, 5));
        }
        double first = row.marks().getFirst().value();
        if (!Double.isNaN(first)) {
            svg.add(Svg.text(Svg.WIDTH - 2, y + 4, "end", String.valueOf(Math.round(first)))
                    .cls("strong"));
        }
    }

    private static double x(double percent) {
        return LEFT + (RIGHT - LEFT) * Math.clamp(percent, 0.0, 100.0) / 100;
    }

    private String values() {
        List<String> told = new ArrayList<>();
        for (Row row : rows) {
            List<String> marks = new ArrayList<>();
            for (int m = 0; m < row.marks().size(); m++) {
                Mark mark = row.marks().get(m);
                if (!Double.isNaN(mark.value())) {
                    marks.add(legend.get(m) + " "
                            + Svg.words(
                                    mark.value(),
                                    mark.interval().low(),
                                    mark.interval().high()));
                }
            }
            told.add(Visible.brief(row.label(), 50) + ": "
                    + (marks.isEmpty() ? "no results" : String.join(", ", marks)));
        }
        return String.join("; ", told);
    }
}
