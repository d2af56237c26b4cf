package candor.report;

import candor.stats.Interval;
import candor.stats.PValue;
import candor.study.record.Method;
import java.util.List;
import java.util.Locale;

/** Numbers as the report writes them. */
final class Words {
    static final String UNKNOWN = "–";

    private Words() {}

    static String number(double value, int digits) {
        if (Double.isNaN(value)) {
            return UNKNOWN;
        }
        if (Double.isInfinite(value)) {
            return value > 0 ? "∞" : "−∞";
        }
        String text = String.format(Locale.ROOT, "%." + digits + "f", value);
        boolean zero = text.chars().noneMatch(c -> c >= '1' && c <= '9');
        return zero ? text.replace("-", "") : text.replace('-', '−');
    }

    static String one(double value) {
        return number(value, 1);
    }

    static String signed(double value) {
        String text = one(value);
        return value > 0 && !text.equals("0.0") ? "+" + text : text;
    }

    /** A number of whatever size, with four digits that count. */
    static String any(double value) {
        if (!Double.isFinite(value) || value == 0) {
            return number(value, 0);
        }
        if (value == Math.rint(value) && Math.abs(value) < 1e7) {
            return number(value, 0);
        }
        int exponent = (int) Math.floor(Math.log10(Math.abs(value)));
        return exponent < -4 || exponent > 6
                ? String.format(Locale.ROOT, "%.3e", value).replace('-', '−')
                : number(value, Math.max(0, 3 - exponent));
    }

    static String interval(Interval interval) {
        return interval.known() ? one(interval.low()) + " to " + one(interval.high()) : UNKNOWN;
    }

    static String signed(Interval interval) {
        return interval.known() ? signed(interval.low()) + " to " + signed(interval.high()) : UNKNOWN;
    }

    static String p(double p) {
        return PValue.of(p);
    }

    /** For running text: "p = 0.012" or "p < 0.001". */
    static String pIs(double p) {
        return PValue.is(p);
    }

    /** A share as a percentage, as short as it may be: 0.005 is "0.5 %". */
    static String percent(double share) {
        double value = share * 100;
        for (int digits = 0; digits < 4; digits++) {
            if (Math.abs(value * Math.pow(10, digits) - Math.rint(value * Math.pow(10, digits))) < 1e-6) {
                return number(value, digits) + " %";
            }
        }
        return any(value) + " %";
    }

    /** A percentage in a sentence: what is not nothing and not all is not called so. */
    static String whole(double percent) {
        if (Double.isNaN(percent)) {
            return UNKNOWN;
        }
        return percent > 0 && percent < 0.5
                ? "under 1 %"
                : percent < 100 && percent > 99.5 ? "over 99 %" : number(percent, 0) + " %";
    }

    /** About as exact as a threshold is. */
    static String roughPercent(double share) {
        double value = share * 100;
        return number(value, value < 1 ? 2 : value < 10 ? 1 : 0) + " %";
    }

    static String method(Method method) {
        return method.name();
    }

    /** "a", "a and b", "a, b and c". */
    static String list(List<String> items) {
        return items.size() < 2
                ? String.join("", items)
                : String.join(", ", items.subList(0, items.size() - 1)) + " and " + items.getLast();
    }

    static String count(long n, String one, String many) {
        return n + " " + (n == 1 ? one : many);
    }

    /** A label within a sentence, in quotes where it has a comma of its own. */
    static String quoted(String label) {
        return label.contains(",") ? "“" + label + "”" : label;
    }

    /** A name of a task or subset in words. */
    static String plain(String name) {
        return name.replace('_', ' ');
    }
}
