package candor.text.template;

import candor.text.template.Arguments.Bound;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.regex.Pattern;

/** The filters {@code int}, {@code float} and {@code round}. */
final class Conversions {
    private static final Pattern INTEGER = Pattern.compile("[+-]?[0-9]+(_[0-9]+)*");
    private static final Pattern FLOAT =
            Pattern.compile("[+-]?([0-9]+(_[0-9]+)*)?(\\.([0-9]+(_[0-9]+)*)?)?([eE][+-]?[0-9]+(_[0-9]+)*)?");
    private static final int MAX_DIGITS = 4300;

    private Conversions() {}

    static Object toInteger(Object v, Bound bound) {
        if (bound.integer(1, 10) != 10) {
            throw TemplateError.unsupported("another base than 10 in the filter 'int'");
        }
        Object standard = bound.get(0, 0L);
        if (v instanceof String s) {
            String trimmed = Chars.strip(s, null, true, true);
            if (INTEGER.matcher(trimmed).matches() && trimmed.length() <= MAX_DIGITS) {
                return Numbers.normal(new BigInteger(trimmed.replace("_", "")));
            }
            Double d = parse(s);
            return d == null || d.isNaN() || d.isInfinite()
                    ? standard
                    : Numbers.normal(new BigDecimal(d).toBigInteger());
        }
        Operators.checkDefined(v);
        if (v instanceof Double d) {
            return d.isNaN() || d.isInfinite()
                    ? notFinite(d, standard)
                    : Numbers.normal(new BigDecimal(d).toBigInteger());
        }
        return Numbers.isInteger(v) ? Numbers.normal(Numbers.big(v)) : standard;
    }

    /** Jinja catches Python's ValueError for NaN, but not its OverflowError for infinity. */
    private static Object notFinite(Double d, Object standard) {
        if (d.isInfinite()) {
            throw new TemplateError("infinity is no integer");
        }
        return standard;
    }

    static Object toFloat(Object v, Bound bound) {
        Object standard = bound.get(0, 0.0);
        if (v instanceof String s) {
            Double d = parse(s);
            return d == null ? standard : d;
        }
        Operators.checkDefined(v);
        return Numbers.isNumber(v) ? (Object) Numbers.real(v) : standard;
    }

    private static Double parse(String s) {
        String text = Chars.strip(s, null, true, true);
        String word = text.toLowerCase(java.util.Locale.ROOT);
        String unsigned = word.startsWith("-") || word.startsWith("+") ? word.substring(1) : word;
        if (unsigned.equals("inf") || unsigned.equals("infinity")) {
            return word.startsWith("-") ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY;
        }
        if (unsigned.equals("nan")) {
            return Double.NaN;
        }
        boolean digits = !unsigned.isEmpty()
                && (Character.digit(unsigned.charAt(0), 10) >= 0
                        || (unsigned.length() > 1 && Character.digit(unsigned.charAt(1), 10) >= 0));
        return text.length() <= MAX_DIGITS && digits && FLOAT.matcher(text).matches()
                ? (Double) Double.parseDouble(text.replace("_", ""))
                : null;
    }

    static Object round(Object v, Bound bound) {
        if (!Numbers.isNumber(v)) {
            throw new TemplateError("the filter 'round' wants a number, got a " + Values.typeName(v));
        }
        int precision = bound.integer(0, 0);
        String method = bound.string(1, "common");
        if (Math.abs((long) precision) > 400) {
            throw TemplateError.unsupported("rounding to " + precision + " digits");
        }
        if (!method.equals("common")) {
            throw TemplateError.unsupported("the method '" + method + "' of the filter 'round'");
        }
        if (v instanceof Double d) {
            return d.isNaN() || d.isInfinite() ? d : roundReal(d, precision);
        }
        BigDecimal exact = new BigDecimal(Numbers.big(v));
        return Numbers.normal(exact.setScale(Math.min(0, precision), RoundingMode.HALF_EVEN)
                .setScale(0, RoundingMode.UNNECESSARY)
                .toBigIntegerExact());
    }

    /** As Python, on the exact value of the float: 2.675 lies below its digits and rounds to 2.67. */
    private static double roundReal(double d, int precision) {
        double rounded =
                new BigDecimal(d).setScale(precision, RoundingMode.HALF_EVEN).doubleValue();
        return Math.copySign(rounded, d);
    }
}
