package candor.text.template;

import candor.text.template.TemplateObject.DictView;
import candor.text.template.TemplateObject.Markup;
import candor.text.template.TemplateObject.OneShot;
import candor.text.template.TemplateObject.Tuple;
import candor.text.template.TemplateObject.Undefined;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/** Python's operators. */
final class Operators {
    private Operators() {}

    static Object binary(String operator, Object a, Object b, Budget budget) {
        if (Numbers.isNumber(a) && Numbers.isNumber(b)) {
            return Numbers.arithmetic(operator, a, b);
        }
        checkDefined(a);
        checkDefined(b);
        switch (operator) {
            case "+" -> {
                if (a instanceof String s && b instanceof String t) {
                    budget.characters((long) s.length() + t.length());
                    return s + t;
                }
                if (a instanceof List<?> l && b instanceof List<?> m) {
                    return joined(l, m, budget);
                }
                if (a instanceof Tuple l && b instanceof Tuple m) {
                    return new Tuple(joined(l.items(), m.items(), budget));
                }
            }
            case "*" -> {
                if (Numbers.isInteger(b) && isSequence(a)) {
                    return repeated(a, b, budget);
                }
                if (Numbers.isInteger(a) && isSequence(b)) {
                    return repeated(b, a, budget);
                }
            }
            case "%" -> {
                if (a instanceof String format) {
                    return PercentFormat.format(format, b, budget);
                }
            }
            default -> {}
        }
        if (a instanceof Markup || b instanceof Markup) {
            throw TemplateError.unsupported("'" + operator + "' on what the filter 'safe' gives");
        }
        throw new TemplateError(
                "'" + operator + "' does not work on a " + Values.typeName(a) + " and a " + Values.typeName(b));
    }

    static void checkDefined(Object v) {
        if (v instanceof Undefined u) {
            throw new TemplateError(u.message());
        }
    }

    private static boolean isSequence(Object v) {
        return v instanceof String || v instanceof List<?> || v instanceof Tuple;
    }

    private static List<Object> joined(List<?> a, List<?> b, Budget budget) {
        budget.steps(a.size() + b.size());
        List<Object> out = new ArrayList<>(a);
        out.addAll(b);
        return out;
    }

    private static Object repeated(Object sequence, Object times, Budget budget) {
        if (Numbers.big(times).bitLength() > 40) {
            throw new TemplateError("a value cannot be repeated that often");
        }
        long n = Math.max(0, Numbers.big(times).longValue());
        if (sequence instanceof String s) {
            budget.characters(s.length() * n);
            return s.isEmpty() ? s : s.repeat((int) n);
        }
        List<?> items = Values.indexed(sequence);
        budget.steps(items.isEmpty() ? 0 : Math.min(n, 1L << 31) * items.size());
        List<Object> out = new ArrayList<>();
        for (long i = 0; i < n && !items.isEmpty(); i++) {
            out.addAll(items);
        }
        return sequence instanceof Tuple ? new Tuple(out) : out;
    }

    static boolean compare(String operator, Object a, Object b, Budget budget) {
        return switch (operator) {
            case "==" -> Values.equal(a, b, budget);
            case "!=" -> !Values.equal(a, b, budget);
            case "in" -> contains(b, a, budget);
            case "not in" -> !contains(b, a, budget);
            default -> {
                checkDefined(a);
                checkDefined(b);
                if (Numbers.isNumber(a) && Numbers.isNumber(b) && (Numbers.isNan(a) || Numbers.isNan(b))) {
                    yield false;
                }
                int order = Values.compare(a, b, budget);
                yield switch (operator) {
                    case "<" -> order < 0;
                    case "<=" -> order <= 0;
                    case ">" -> order > 0;
                    case ">=" -> order >= 0;
                    default -> throw new IllegalArgumentException(operator);
                };
            }
        };
    }

    static boolean contains(Object container, Object item, Budget budget) {
        switch (container) {
            case String s -> {
                if (!(item instanceof String part)) {
                    throw new TemplateError("a string holds strings alone, not a " + Values.typeName(item));
                }
                budget.search(s.length(), part.length());
                return s.contains(part);
            }
            case Map<?, ?> m -> {
                return Dicts.find(m, item, budget) != Dicts.ABSENT;
            }
            case Undefined u -> {
                return false;
            }
            case OneShot o -> {
                Iterator<Object> rest = o.peek();
                while (rest.hasNext()) {
                    if (same(rest.next(), item, budget)) {
                        return true;
                    }
                }
                return false;
            }
            case null, default -> {
                List<?> items = container instanceof DictView d ? d.items() : Values.indexed(container);
                if (items == null) {
                    throw new TemplateError("'in' does not work on a " + Values.typeName(container));
                }
                for (Object candidate : items) {
                    if (same(candidate, item, budget)) {
                        return true;
                    }
                }
                return false;
            }
        }
    }

    private static boolean same(Object a, Object b, Budget budget) {
        return a == b || Values.equal(a, b, budget);
    }
}
