package candor.report.figure;

import candor.report.html.Element;
import candor.report.html.Visible;
import java.util.Locale;

/** Shapes, with coordinates to a tenth: finer is not seen, and makes files large. */
final class Svg {
    static final int WIDTH = 360;

    /** More than anyone listens to; the table below has all. */
    private static final int LONGEST_DESCRIPTION = 1200;

    private Svg() {}

    static String n(double value) {
        String text = String.format(Locale.ROOT, "%.1f", value);
        return text.endsWith(".0") ? text.substring(0, text.length() - 2) : text;
    }

    /**
     * An empty drawing.
     *
     * @param title what it is, for who cannot see it
     * @param values what it shows, in words
     */
    static Element canvas(double height, String title, String values) {
        return Element.of(
                        "svg", Element.of("title", title), Element.of("desc", Visible.cut(values, LONGEST_DESCRIPTION)))
                .attr("viewBox", "0 0 " + WIDTH + " " + n(height))
                .attr("role", "img")
                .attr("aria-label", title);
    }

    /** A value with its interval, in words. */
    static String words(double value, double low, double high) {
        return n(value) + (Double.isFinite(low) && Double.isFinite(high) ? " (" + n(low) + " to " + n(high) + ")" : "");
    }

    static Element line(double x1, double y1, double x2, double y2, String cls) {
        return Element.of("line")
                .attr("x1", n(x1))
                .attr("y1", n(y1))
                .attr("x2", n(x2))
                .attr("y2", n(y2))
                .cls(cls);
    }

    static Element text(double x, double y, String anchor, String text) {
        return Element.of("text", text).attr("x", n(x)).attr("y", n(y)).attr("text-anchor", anchor);
    }

    /** About how wide a text is at 12 pixels. */
    static double width(String text) {
        return 6.7 * text.codePointCount(0, text.length());
    }

    /** The mark of a series: a circle, square, triangle, diamond, and so on; the last is an open circle. */
    static Element mark(int series, double x, double y, double r) {
        int style = series % 7;
        Element mark =
                switch (style) {
                    case 0 ->
                        Element.of("circle").attr("cx", n(x)).attr("cy", n(y)).attr("r", n(r));
                    case 1 -> polygon(x, y, r * 0.9, -1, -1, 1, -1, 1, 1, -1, 1);
                    case 2 -> polygon(x, y, r * 1.2, 0, -1, 1, 0.8, -1, 0.8);
                    case 3 -> polygon(x, y, r * 1.25, 0, -1, 1, 0, 0, 1, -1, 0);
                    case 4 -> polygon(x, y, r * 1.2, 0, 1, 1, -0.8, -1, -0.8);
                    case 5 -> polygon(x, y, r * 1.2, -0.35, -1, 0.35, -1, 0.35, 1, -0.35, 1);
                    default ->
                        Element.of("circle").attr("cx", n(x)).attr("cy", n(y)).attr("r", n(r * 0.9));
                };
        return mark.cls(style == 6 ? "open s6" : "f" + style);
    }

    private static Element polygon(double x, double y, double r, double... corners) {
        StringBuilder points = new StringBuilder();
        for (int i = 0; i < corners.length; i += 2) {
            points.append(i == 0 ? "" : " ")
                    .append(n(x + r * corners[i]))
                    .append(',')
                    .append(n(y + r * corners[i + 1]));
        }
        return Element.of("polygon").attr("points", points);
    }
}
