package candor.report.html;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A cell of a table that holds numbers: rounded where people read, in full in the CSV.
 *
 * @param shown as people read it
 * @param csv as programs read it: one cell, or two for the ends of an interval; a number that is not known is empty
 * @param clear whether it stands out
 */
public record Exact(String shown, List<String> csv, boolean clear) {
    public Exact {
        csv = List.copyOf(csv);
        if (csv.isEmpty() || csv.size() > 2) {
            throw new IllegalArgumentException("a cell has one or two numbers, not " + csv.size());
        }
    }

    /** One number. */
    public static Exact of(String shown, double value) {
        return new Exact(shown, List.of(full(value)), false);
    }

    /** An interval, which takes two columns. */
    public static Exact between(String shown, double low, double high) {
        return new Exact(shown, List.of(full(low), full(high)), false);
    }

    /** Several numbers in one cell. */
    public static Exact each(String shown, double... values) {
        return new Exact(
                shown, List.of(Arrays.stream(values).mapToObj(Exact::full).collect(Collectors.joining("; "))), false);
    }

    /** The same, standing out if so. */
    public Exact clear(boolean stands) {
        return new Exact(shown, csv, stands);
    }

    /** The shortest digits that give the same float64 when they are read. */
    private static String full(double value) {
        return Double.isNaN(value)
                ? ""
                : value == Math.rint(value) && Math.abs(value) < 1e15
                        ? Long.toString((long) value)
                        : Double.toString(value);
    }
}
