package candor.text.template;

import candor.text.template.TemplateObject.Tuple;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.List;
import java.util.Map;

/** Python's {@code format % values} with {@code %s %r %d %i %x %f %%}, widths, precision, and the flags {@code - 0 +}. */
final class PercentFormat {
    private final String format;
    private final List<Object> values;
    private final Map<?, ?> named;
    private final Budget budget;
    private final Output out;
    private int used;
    private int pos;

    private PercentFormat(String format, Object values, Budget budget) {
        this.format = format;
        this.values = values instanceof Tuple t ? t.items() : java.util.Collections.singletonList(values);
        this.named = values instanceof Map<?, ?> m ? m : null;
        this.budget = budget;
        this.out = new Output(budget);
    }

    static String format(String format, Object values, Budget budget) {
        PercentFormat f = new PercentFormat(format, values, budget);
        f.run();
        // Python lets what has items (a list, a dict) go unused, but for a tuple.
        boolean mayRest = values instanceof Map<?, ?> || values instanceof List<?>;
        if (f.used < f.values.size() && !mayRest) {
            throw new TemplateError("not all values of a '%' format are used");
        }
        return f.out.toString();
    }

    private void run() {
        while (pos < format.length()) {
            int at = format.indexOf('%', pos);
            out.append(format.substring(pos, at < 0 ? format.length() : at));
            if (at < 0) {
                return;
            }
            pos = at + 1;
            field();
        }
    }

    private void field() {
        Object key = null;
        boolean byName = peek() == '(';
        if (byName) {
            int end = format.indexOf(')', pos);
            if (end < 0 || named == null) {
                throw new TemplateError("a '%(name)' format wants a dict");
            }
            key = format.substring(pos + 1, end);
            pos = end + 1;
        }
        boolean left = false;
        boolean zero = false;
        boolean plus = false;
        for (char c = peek(); c == '-' || c == '0' || c == '+'; c = peek()) {
            left |= c == '-';
            zero |= c == '0';
            plus |= c == '+';
            pos++;
        }
        int width = number(0);
        int precision = -1;
        if (peek() == '.') {
            pos++;
            precision = number(0);
        }
        char type = peek();
        pos++;
        if (type == '%') {
            out.append("%");
            return;
        }
        Object value = byName ? byName(key) : nextValue();
        String text =
                switch (type) {
                    case 's' -> cut(Values.text(value, budget), precision);
                    case 'r' -> cut(Values.repr(value, budget), precision);
                    case 'd', 'i' -> integer(value, plus, precision);
                    case 'x' -> hexadecimal(value, plus, precision);
                    case 'f', 'F' -> fixed(value, plus, precision < 0 ? 6 : precision);
                    case 0 -> throw new TemplateError("an incomplete '%' format");
                    default -> throw TemplateError.unsupported("the format '%" + type + "'");
                };
        pad(text, width, left, zero && type != 's' && type != 'r');
    }

    private void pad(String text, int width, boolean left, boolean zero) {
        int missing = Math.max(0, width - Chars.length(text));
        budget.characters(missing);
        if (left) {
            out.append(text + " ".repeat(missing));
        } else if (zero) {
            boolean signed = text.startsWith("-") || text.startsWith("+");
            out.append((signed ? text.substring(0, 1) : "") + "0".repeat(missing) + text.substring(signed ? 1 : 0));
        } else {
            out.append(" ".repeat(missing) + text);
        }
    }

    private char peek() {
        return pos < format.length() ? format.charAt(pos) : 0;
    }

    private int number(int standard) {
        int start = pos;
        long value = 0;
        while (peek() >= '0' && peek() <= '9') {
            value = Math.min(Integer.MAX_VALUE, value * 10 + peek() - '0');
            pos++;
        }
        return pos > start ? (int) value : standard;
    }

    private Object byName(Object key) {
        if (!named.containsKey(key)) {
            throw new TemplateError("a '%' format finds no '" + key + "'");
        }
        return named.get(key);
    }

    private Object nextValue() {
        if (used >= values.size()) {
            throw new TemplateError("too few values for a '%' format");
        }
        return values.get(used++);
    }

    private static String cut(String s, int precision) {
        return precision < 0 || Chars.length(s) <= precision ? s : s.substring(0, s.offsetByCodePoints(0, precision));
    }

    private static String integer(Object value, boolean plus, int precision) {
        if (precision >= 0) {
            throw TemplateError.unsupported("the precision of '%d'");
        }
        if (!Numbers.isNumber(value)) {
            throw new TemplateError("'%d' wants a number, got a " + Values.typeName(value));
        }
        if (value instanceof Double d && (d.isNaN() || d.isInfinite())) {
            throw new TemplateError("'%d' wants a finite number");
        }
        java.math.BigInteger i = value instanceof Double d ? new BigDecimal(d).toBigInteger() : Numbers.big(value);
        return (plus && i.signum() >= 0 ? "+" : "") + i;
    }

    private static String hexadecimal(Object value, boolean plus, int precision) {
        if (plus || precision >= 0 || !Numbers.isInteger(value)) {
            throw TemplateError.unsupported("'%x' with flags or of what is no integer");
        }
        return Numbers.big(value).toString(16);
    }

    private String fixed(Object value, boolean plus, int precision) {
        if (!Numbers.isNumber(value)) {
            throw new TemplateError("'%f' wants a number, got a " + Values.typeName(value));
        }
        double d = Numbers.real(value);
        if (Double.isNaN(d) || Double.isInfinite(d)) {
            throw TemplateError.unsupported("'%f' of what is not finite");
        }
        budget.characters(precision);
        if (precision > 1000) {
            throw TemplateError.unsupported("'%f' with more than 1000 digits");
        }
        String text = new BigDecimal(Math.abs(d))
                .setScale(precision, RoundingMode.HALF_EVEN)
                .toPlainString();
        boolean negative = d < 0 || 1 / d < 0;
        return (negative ? "-" : plus ? "+" : "") + text;
    }
}
