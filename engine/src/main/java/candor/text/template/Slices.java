package candor.text.template;

import candor.text.template.TemplateObject.Range;
import candor.text.template.TemplateObject.Tuple;
import candor.text.template.TemplateObject.Undefined;
import java.util.ArrayList;
import java.util.List;

/** Python's {@code [start:stop:step]}. */
final class Slices {
    private Slices() {}

    static Object slice(Object v, Object start, Object stop, Object step, Budget budget) {
        Operators.checkDefined(v);
        long by = step == null ? 1 : clamp(step);
        if (by == 0) {
            throw new TemplateError("the step of a slice is zero");
        }
        if (v instanceof String s) {
            budget.characters(s.length());
            return ofString(s, start, stop, by);
        }
        List<?> items = Values.indexed(v);
        if (items == null) {
            return new Undefined("a " + Values.typeName(v) + " cannot be sliced");
        }
        if (v instanceof Range) {
            throw TemplateError.unsupported("a slice of a range");
        }
        budget.steps(items.size());
        List<Object> out = new ArrayList<>();
        int[] bounds = bounds(items.size(), start, stop, by);
        for (long i = bounds[0]; by > 0 ? i < bounds[1] : i > bounds[1]; i += by) {
            out.add(items.get((int) i));
        }
        return v instanceof Tuple ? new Tuple(out) : out;
    }

    private static String ofString(String s, Object start, Object stop, long by) {
        int length = Chars.length(s);
        int[] bounds = bounds(length, start, stop, by);
        if (by == 1) {
            if (bounds[0] >= bounds[1]) {
                return "";
            }
            int from = s.offsetByCodePoints(0, bounds[0]);
            return s.substring(from, s.offsetByCodePoints(from, bounds[1] - bounds[0]));
        }
        int[] points = s.codePoints().toArray();
        StringBuilder out = new StringBuilder();
        for (long i = bounds[0]; by > 0 ? i < bounds[1] : i > bounds[1]; i += by) {
            out.appendCodePoint(points[(int) i]);
        }
        return out.toString();
    }

    /** First index and the one to stop before, as {@code slice.indices} of Python gives them. */
    private static int[] bounds(int length, Object start, Object stop, long by) {
        int low = by > 0 ? 0 : -1;
        int high = by > 0 ? length : length - 1;
        return new int[] {
            start == null ? (by > 0 ? low : high) : bound(clamp(start), length, low, high),
            stop == null ? (by > 0 ? high : low) : bound(clamp(stop), length, low, high)
        };
    }

    private static int bound(long index, int length, int low, int high) {
        long i = index < 0 ? index + length : index;
        return (int) Math.max(low, Math.min(high, i));
    }

    private static long clamp(Object v) {
        if (!Numbers.isInteger(v)) {
            throw new TemplateError("a slice wants integers, not a " + Values.typeName(v));
        }
        long limit = 1L << 40;
        return Numbers.big(v)
                .min(java.math.BigInteger.valueOf(limit))
                .max(java.math.BigInteger.valueOf(-limit))
                .longValue();
    }
}
