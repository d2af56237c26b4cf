package candor.report.figure;

import candor.report.html.Element;
import candor.report.html.Visible;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Points of two numbers, in series with marks of their own.
 *
 * @param xName what runs along the bottom
 * @param yName what runs up
 */
public record Scatter(String description, String xName, String yName, Axis x, Axis y, List<Series> series) {
    /** A place. */
    public record Point(double x, double y) {}

    /** Points with one mark. */
    public record Series(String label, int style, List<Point> points) {}

    private static final double LEFT = 46;
    private static final double RIGHT = Svg.WIDTH - 10;
    private static final double PLOT = 220;
    private static final double LEGEND_LINE = 16;

    public Element svg() {
        double top = 20 + LEGEND_LINE * series.size() + 4;
        double bottom = top + PLOT;
        Element svg = Svg.canvas(bottom + 38, description, values());
        svg.add(Svg.text(2, 11, "start", Visible.brief(yName, 50)).cls("quiet"));
        for (int i = 0; i < series.size(); i++) {
            double y = 26 + i * LEGEND_LINE;
            svg.add(Svg.mark(series.get(i).style(), 10, y - 4, 4));
            svg.add(Svg.text(22, y, "start", Visible.brief(series.get(i).label(), 50)));
        }
        for (Axis.Tick tick : y.ticks()) {
            double at = py(tick.value(), top);
            svg.add(Svg.line(LEFT, at, RIGHT, at, "grid"));
            svg.add(Svg.text(LEFT - 5, at + 4, "end", tick.label()).cls("quiet"));
        }
        svg.add(Svg.line(LEFT, bottom, RIGHT, bottom, "axis"));
        for (Axis.Tick tick : x.ticks()) {
            double at = px(tick.value());
            svg.add(Svg.line(at, bottom, at, bottom + 4, "axis"));
            boolean last = at + Svg.width(tick.label()) / 2 > Svg.WIDTH;
            svg.add(Svg.text(last ? Svg.WIDTH : at, bottom + 16, last ? "end" : "middle", tick.label())
                    .cls("quiet"));
        }
        svg.add(Svg.text((LEFT + RIGHT) / 2, bottom + 33, "middle", Visible.brief(xName, 50))
                .cls("quiet"));
        for (Series each : series) {
            each.points().forEach(p -> svg.add(Svg.mark(each.style(), px(p.x()), py(p.y(), top), 4)));
        }
        return svg;
    }

    private String values() {
        return series.stream()
                .map(each ->
                        Visible.brief(each.label(), 40) + ": " + each.points().size() + " points")
                .collect(Collectors.joining("; "));
    }

    private double px(double value) {
        return LEFT + (RIGHT - LEFT) * Math.clamp(x.at(value), 0.0, 1.0);
    }

    private double py(double value, double top) {
        return top + PLOT * (1 - Math.clamp(y.at(value), 0.0, 1.0));
    }
}
