package candor.report.figure;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.DoubleFunction;
import java.util.function.DoubleUnaryOperator;

/**
 * Where values stand between 0 and 1 along an axis.
 *
 * @param place from a value to its place
 * @param value from a place to its value
 * @param low the value at 0
 * @param high the value at 1
 */
public record Axis(DoubleUnaryOperator place, DoubleUnaryOperator value, double low, double high, List<Tick> ticks) {
    /** A marked value. */
    public record Tick(double value, String label) {}

    /** The share of a dose axis that lies between zero and the smallest dose above it. */
    private static final double BREAK = 0.16;

    /**
     * An axis with round ticks that holds all values, widened by a little; NaN are passed over.
     *
     * @param least the axis does not go below, such as 0 for a rate
     * @param most nor above
     */
    public static Axis linear(List<Double> values, double least, double most, String unit) {
        double low = values.stream()
                .filter(Double::isFinite)
                .mapToDouble(v -> v)
                .min()
                .orElse(0);
        double high = values.stream()
                .filter(Double::isFinite)
                .mapToDouble(v -> v)
                .max()
                .orElse(1);
        double span = Math.max(high - low, Math.max(1e-9, Math.abs(high) * 1e-3));
        double step = step(span / 4);
        double from = Math.max(least, Math.floor((low - span * 0.03) / step) * step);
        double to = Math.min(most, Math.ceil((high + span * 0.03) / step) * step);
        return between(from, to > from ? to : from + step, step, unit);
    }

    /** Steps of training, from 0 to the last of them. */
    public static Axis steps(List<Double> values) {
        double last = Math.max(1, values.stream().mapToDouble(v -> v).max().orElse(1));
        return between(0, last, step(last / 5), "");
    }

    private static Axis between(double from, double end, double step, String unit) {
        List<Tick> ticks = new ArrayList<>();
        for (long k = (long) Math.ceil(from / step - 1e-9); k * step <= end + step * 1e-9; k++) {
            ticks.add(new Tick(k * step, label(k * step, step) + (unit.isEmpty() ? "" : " " + unit)));
        }
        return new Axis(v -> (v - from) / (end - from), p -> from + p * (end - from), from, end, ticks);
    }

    /** 1, 2 or 5 times a power of ten, not below the width. */
    private static double step(double width) {
        double power = Math.pow(10, Math.floor(Math.log10(width)));
        for (double factor : new double[] {1, 2, 5}) {
            if (factor * power >= width * (1 - 1e-9)) {
                return factor * power;
            }
        }
        return 10 * power;
    }

    private static String label(double value, double step) {
        int digits = (int) Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
        String text = digits > 6
                ? String.format(Locale.ROOT, "%.1e", value)
                : String.format(Locale.ROOT, "%." + digits + "f", value == 0 ? 0 : value);
        return text.replace('-', '−');
    }

    /**
     * Doses: zero, a gap, and from the smallest dose on their logarithms.
     *
     * @param doses at least one of them above zero
     * @param label writes a dose
     */
    public static Axis doses(List<Double> doses, DoubleFunction<String> label) {
        double[] positive = doses.stream()
                .filter(d -> d > 0)
                .mapToDouble(d -> d)
                .sorted()
                .distinct()
                .toArray();
        double low = positive[0];
        double high = positive[positive.length - 1];
        double decades = Math.log(high / low);
        DoubleUnaryOperator place = d -> d <= 0
                ? 0
                : d < low ? BREAK * d / low : decades == 0 ? 1 : BREAK + (1 - BREAK) * Math.log(d / low) / decades;
        DoubleUnaryOperator value =
                p -> p <= BREAK ? low * p / BREAK : low * Math.exp((p - BREAK) / (1 - BREAK) * decades);
        return new Axis(
                place,
                value,
                0,
                high,
                doses.stream()
                        .distinct()
                        .sorted()
                        .map(d -> new Tick(d, label.apply(d)))
                        .toList());
    }

    /** What a value is called: its tick's label, if it has one. */
    String name(double value) {
        return ticks.stream()
                .filter(tick -> tick.value() == value)
                .map(Tick::label)
                .findFirst()
                .orElseGet(() -> Svg.n(value));
    }

    double at(double v) {
        return place.applyAsDouble(v);
    }
}
