package candor.report.figure;

import candor.report.html.Element;
import candor.report.html.Visible;
import candor.stats.Interval;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * A line for each arm: its value as a dot, its interval as a bar, its seeds as small ticks; the reference as a dotted line
 * through all of them.
 *
 * @param reference NaN for none
 */
public record DotPlot(String description, String unit, List<Row> rows, double reference, double least, double most) {
    /** @param value NaN where there is none yet */
    public record Row(String label, int series, double value, Interval interval, double[] seeds) {}

    private static final double ROW = 39;
    private static final double LEFT = 6;
    private static final double RIGHT = Svg.WIDTH - 54;

    public Element svg() {
        List<Double> all = new ArrayList<>();
        all.add(reference);
        for (Row row : rows) {
            all.add(row.value());
            all.add(row.interval().low());
            all.add(row.interval().high());
            for (double seed : row.seeds()) {
                all.add(seed);
            }
        }
        Axis axis = Axis.linear(all, least, most, unit);
        double bottom = 4 + ROW * rows.size();
        Element svg = Svg.canvas(bottom + 22, description, values());
        for (Axis.Tick tick : axis.ticks()) {
            double x = x(axis, tick.value());
            svg.add(Svg.line(x, 4, x, bottom, "grid"));
            svg.add(Svg.text(x, bottom + 15, anchor(x), tick.label()).cls("quiet"));
        }
        if (!Double.isNaN(reference)) {
            svg.add(Svg.line(x(axis, reference), 4, x(axis, reference), bottom, "zero"));
        }
        for (int i = 0; i < rows.size(); i++) {
            row(svg, axis, rows.get(i), 4 + ROW * i);
        }
        return svg;
    }

    private String values() {
        return rows.stream()
                .map(row -> Visible.brief(row.label(), 50) + ": "
                        + (Double.isNaN(row.value())
                                ? "no results"
                                : Svg.words(
                                        row.value(),
                                        row.interval().low(),
                                        row.interval().high())))
                .collect(Collectors.joining("; "));
    }

    /** A change carries its sign. */
    private String value(double value) {
        String text = String.format(Locale.ROOT, least < 0 ? "%+.1f" : "%.1f", value);
        return text.equals("-0.0") || text.equals("+0.0") ? "0.0" : text.replace('-', '−');
    }

    private static String anchor(double x) {
        return x < LEFT + 14 ? "start" : "middle";
    }

    private static double x(Axis axis, double value) {
        return LEFT + (RIGHT - LEFT) * axis.at(value);
    }

    private void row(Element svg, Axis axis, Row row, double top) {
        double y = top + 25;
        svg.add(Svg.text(LEFT, top + 13, "start", Visible.brief(row.label(), 50))
                .cls("halo"));
        if (Double.isNaN(row.value())) {
            svg.add(Svg.text(LEFT, y + 4, "start", "no results").cls("quiet"));
            return;
        }
        if (row.interval().known()) {
            double low = x(axis, row.interval().low());
            double high = x(axis, row.interval().high());
            String cls = "thin s" + row.series() % 7;
            svg.add(Svg.line(low, y, high, y, cls));
            svg.add(Svg.line(low, y - 4, low, y + 4, cls));
            svg.add(Svg.line(high, y - 4, high, y + 4, cls));
        }
        for (double seed : row.seeds()) {
            if (!Double.isNaN(seed)) {
                svg.add(Svg.line(x(axis, seed), y + 5, x(axis, seed), y + 9, "seed s" + row.series() % 7));
            }
        }
        svg.add(Svg.mark(row.series(), x(axis, row.value()), y, 4.2));
        svg.add(Svg.text(Svg.WIDTH - 4, y + 4, "end", value(row.value())).cls("strong"));
    }
}
