package candor.report.figure;

import candor.report.html.Element;
import candor.report.html.Visible;
import candor.stats.Interval;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Values over an axis.
 *
 * @param xName what runs along the bottom
 * @param yName what runs up
 * @param mark a stretch of the bottom axis to point out, such as a threshold's interval; null for none
 */
public record LineChart(
        String description, String xName, String yName, Axis x, Axis y, List<Series> series, Stretch mark) {
    /** @param low NaN where not known */
    public record Point(double x, double y, double low, double high) {}

    /**
     * A series.
     *
     * @param points with marks and bars, joined where there is no curve
     * @param marks whether points are marked, or only joined
     * @param curve a finer line through them; empty for none
     * @param band around the curve: x, and from low to high; empty for none
     */
    public record Series(
            String label, int style, List<Point> points, boolean marks, List<Point> curve, List<Point> band) {
        /** Points alone. */
        public static Series of(String label, int style, List<Point> points, boolean marks) {
            return new Series(label, style, points, marks, List.of(), List.of());
        }
    }

    /** A value with its interval; an end that is infinite lies beyond the axis. */
    public record Stretch(double at, Interval interval, String label) {}

    private static final double LEFT = 46;
    private static final double RIGHT = Svg.WIDTH - 10;
    private static final double PLOT = 178;
    private static final double LEGEND_LINE = 16;

    public Element svg() {
        List<List<Series>> legend = legendLines();
        double top = 20 + (series.size() > 1 ? LEGEND_LINE * legend.size() + 4 : 0) + (mark == null ? 0 : 15);
        double bottom = top + PLOT;
        Element svg = Svg.canvas(bottom + 38, description, values());
        svg.add(Svg.text(2, 11, "start", Visible.brief(yName, 50)).cls("quiet"));
        if (series.size() > 1) {
            legend(svg, legend);
        }
        frame(svg, top, bottom);
        if (mark != null) {
            stretch(svg, top, bottom);
        }
        series.forEach(each -> band(svg, each, top));
        series.forEach(each -> line(svg, each, top));
        series.forEach(each -> marks(svg, each, top));
        return svg;
    }

    /** The marked points; of what is only joined, where it begins and ends. */
    private String values() {
        return series.stream()
                .map(each -> Visible.brief(each.label(), 40) + ": " + values(each))
                .collect(Collectors.joining("; "));
    }

    private String values(Series of) {
        List<Point> known =
                of.points().stream().filter(p -> Double.isFinite(p.y())).toList();
        if (known.isEmpty()) {
            return "no results";
        }
        return (of.marks() ? known : List.of(known.getFirst(), known.getLast()))
                .stream()
                        .map(p -> Svg.words(p.y(), p.low(), p.high()) + " at " + x.name(p.x()))
                        .collect(Collectors.joining(", "));
    }

    private List<List<Series>> legendLines() {
        List<List<Series>> lines = new ArrayList<>();
        double room = 0;
        for (Series each : series) {
            double width = legendWidth(each);
            if (lines.isEmpty() || width > room) {
                lines.add(new ArrayList<>());
                room = Svg.WIDTH - 4;
            }
            lines.getLast().add(each);
            room -= width;
        }
        return lines;
    }

    private static String legendLabel(Series each) {
        return Visible.brief(each.label(), 40);
    }

    private static double legendWidth(Series each) {
        return 34 + Svg.width(legendLabel(each)) + 10;
    }

    private static void legend(Element svg, List<List<Series>> lines) {
        for (int l = 0; l < lines.size(); l++) {
            double x = 2;
            double y = 26 + l * LEGEND_LINE;
            for (Series each : lines.get(l)) {
                svg.add(Svg.line(x, y - 4, x + 26, y - 4, stroke(each)));
                if (each.marks()) {
                    svg.add(Svg.mark(each.style(), x + 13, y - 4, 4));
                }
                svg.add(Svg.text(x + 32, y, "start", legendLabel(each)));
                x += legendWidth(each);
            }
        }
    }

    private static String stroke(Series each) {
        int style = each.style() % 7;
        return "line s" + style + (style == 0 ? "" : " d" + style);
    }

    private void frame(Element svg, double top, double bottom) {
        for (Axis.Tick tick : y.ticks()) {
            double at = py(tick.value(), top);
            svg.add(Svg.line(LEFT, at, RIGHT, at, "grid"));
            svg.add(Svg.text(LEFT - 5, at + 4, "end", tick.label()).cls("quiet"));
        }
        svg.add(Svg.line(LEFT, bottom, RIGHT, bottom, "axis"));
        double free = -1e9;
        for (Axis.Tick tick : x.ticks()) {
            double at = px(tick.value());
            svg.add(Svg.line(at, bottom, at, bottom + 4, "axis"));
            double half = Svg.width(tick.label()) / 2;
            if (at - half > free) {
                boolean last = at + half > Svg.WIDTH;
                svg.add(Svg.text(last ? Svg.WIDTH : at, bottom + 16, last ? "end" : "middle", tick.label())
                        .cls("quiet"));
                free = at + half + 3;
            }
        }
        svg.add(Svg.text((LEFT + RIGHT) / 2, bottom + 33, "middle", Visible.brief(xName, 44))
                .cls("quiet"));
    }

    private void stretch(Element svg, double top, double bottom) {
        double from = px(Math.max(x.low(), mark.interval().low()));
        double to = Double.isFinite(mark.interval().high())
                ? px(Math.min(x.high(), mark.interval().high()))
                : RIGHT;
        svg.add(Element.of("rect")
                .attr("x", Svg.n(from))
                .attr("y", Svg.n(top))
                .attr("width", Svg.n(Math.max(1, to - from)))
                .attr("height", Svg.n(bottom - top))
                .cls("band f1"));
        svg.add(Svg.line(px(mark.at()), top - 3, px(mark.at()), bottom, "line s1 d2"));
        String label = Visible.brief(mark.label(), 44);
        double half = Svg.width(label) / 2;
        double at = Math.clamp(px(mark.at()), LEFT + Math.min(half, 120), RIGHT - Math.min(half, 120));
        svg.add(Svg.text(at, top - 6, "middle", label).cls("halo"));
    }

    private double px(double value) {
        return LEFT + (RIGHT - LEFT) * Math.clamp(x.at(value), 0.0, 1.0);
    }

    private double py(double value, double top) {
        return top + PLOT * (1 - Math.clamp(y.at(value), 0.0, 1.0));
    }

    private void band(Element svg, Series each, double top) {
        if (each.band().isEmpty()) {
            return;
        }
        StringBuilder points = new StringBuilder();
        each.band().forEach(p -> point(points, p.x(), p.low(), top));
        each.band().reversed().forEach(p -> point(points, p.x(), p.high(), top));
        svg.add(Element.of("polygon").attr("points", points.toString().strip()).cls("band f" + each.style() % 7));
    }

    private void line(Element svg, Series each, double top) {
        List<Point> through = each.curve().isEmpty() ? each.points() : each.curve();
        StringBuilder points = new StringBuilder();
        through.stream().filter(p -> Double.isFinite(p.y())).forEach(p -> point(points, p.x(), p.y(), top));
        svg.add(Element.of("polyline").attr("points", points.toString().strip()).cls(stroke(each)));
    }

    private void point(StringBuilder points, double px, double value, double top) {
        points.append(' ').append(Svg.n(px(px))).append(',').append(Svg.n(py(value, top)));
    }

    private void marks(Element svg, Series each, double top) {
        if (!each.marks()) {
            return;
        }
        // Series at the same place step aside, so that their bars can be told apart.
        double aside = series.size() > 1 ? 4 * (series.indexOf(each) - (series.size() - 1) / 2.0) : 0;
        for (Point p : each.points()) {
            if (!Double.isFinite(p.y())) {
                continue;
            }
            double at = Math.clamp(px(p.x()) + aside, LEFT, RIGHT);
            if (Double.isFinite(p.low()) && Double.isFinite(p.high())) {
                svg.add(Svg.line(at, py(p.low(), top), at, py(p.high(), top), "thin s" + each.style() % 7));
            }
            svg.add(Svg.mark(each.style(), at, py(p.y(), top), 4.2));
        }
    }
}
