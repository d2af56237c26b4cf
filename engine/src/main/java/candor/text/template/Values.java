package candor.text.template;

import candor.text.template.TemplateObject.DictView;
import candor.text.template.TemplateObject.Markup;
import candor.text.template.TemplateObject.Namespace;
import candor.text.template.TemplateObject.OneShot;
import candor.text.template.TemplateObject.Range;
import candor.text.template.TemplateObject.Tuple;
import candor.text.template.TemplateObject.Undefined;
import java.math.BigInteger;
import java.util.AbstractList;
import java.util.List;
import java.util.Map;

/**
 * Python's rules for the values of a template, which are Java objects:
 *
 * <p>None is {@code null}; bool {@code Boolean}; int {@code Long}, or {@code BigInteger} outside its range; float {@code
 * Double}; str {@code String}; list {@code List}; dict {@code Map} in the order of insertion; the rest are {@link
 * TemplateObject}s.
 */
final class Values {
    /** Values nest only as deep as data does; a namespace that holds itself would have no end. */
    private static final int MAX_DEPTH = 500;

    private Values() {}

    static boolean truth(Object v) {
        return switch (v) {
            case null -> false;
            case Boolean b -> b;
            case Long l -> l != 0;
            case BigInteger b -> b.signum() != 0;
            case Double d -> d != 0;
            case String s -> !s.isEmpty();
            case List<?> l -> !l.isEmpty();
            case Map<?, ?> m -> !m.isEmpty();
            case Tuple t -> !t.items().isEmpty();
            case Range r -> r.size() > 0;
            case DictView d -> !d.items().isEmpty();
            case Markup m -> !m.text().isEmpty();
            case Undefined u -> false;
            default -> true;
        };
    }

    /** Python's {@code str}. */
    static String text(Object v, Budget budget) {
        return switch (v) {
            case String s -> s;
            case Undefined u -> "";
            case Markup m -> m.text();
            case null, default -> repr(v, budget);
        };
    }

    /** Python's {@code repr}. */
    static String repr(Object v, Budget budget) {
        StringBuilder out = new StringBuilder();
        repr(v, out, budget, 0);
        return out.toString();
    }

    private static void repr(Object v, StringBuilder out, Budget budget, int depth) {
        checkDepth(depth);
        budget.output(out.length(), v instanceof String s ? s.length() : 8);
        switch (v) {
            case null -> out.append("None");
            case Boolean b -> out.append(b ? "True" : "False");
            case Long l -> out.append(l.longValue());
            case BigInteger b -> out.append(b);
            case Double d -> out.append(Numbers.repr(d));
            case String s -> Quoting.repr(s, out);
            case List<?> l -> sequence("[", l, "]", out, budget, depth);
            case Tuple t -> sequence("(", t.items(), t.items().size() == 1 ? ",)" : ")", out, budget, depth);
            case Map<?, ?> m -> map(m, out, budget, depth);
            case Range r ->
                out.append("range(")
                        .append(r.start())
                        .append(", ")
                        .append(r.stop())
                        .append(r.step() == 1 ? "" : ", " + r.step())
                        .append(')');
            case DictView d -> sequence(d.kind() + "([", d.items(), "])", out, budget, depth);
            case Undefined u -> out.append("Undefined");
            case Namespace n -> {
                out.append("<Namespace ");
                map(n.fields(), out, budget, depth);
                out.append('>');
            }
            default -> throw new TemplateError("a " + typeName(v) + " cannot be printed");
        }
    }

    private static void sequence(
            String open, List<?> items, String close, StringBuilder out, Budget budget, int depth) {
        out.append(open);
        String comma = "";
        for (Object item : items) {
            out.append(comma);
            repr(item, out, budget, depth + 1);
            comma = ", ";
        }
        out.append(close);
    }

    private static void map(Map<?, ?> map, StringBuilder out, Budget budget, int depth) {
        out.append('{');
        String comma = "";
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            out.append(comma);
            repr(entry.getKey(), out, budget, depth + 1);
            out.append(": ");
            repr(entry.getValue(), out, budget, depth + 1);
            comma = ", ";
        }
        out.append('}');
    }

    static boolean equal(Object a, Object b, Budget budget) {
        return equal(a, b, budget, 0);
    }

    private static boolean equal(Object a, Object b, Budget budget, int depth) {
        checkDepth(depth);
        budget.steps(1);
        if (a == b) {
            return !Numbers.isNan(a) || depth > 0;
        }
        if (Numbers.isNumber(a) && Numbers.isNumber(b)) {
            return !Numbers.isNan(a) && !Numbers.isNan(b) && Numbers.compare(a, b) == 0;
        }
        return switch (a) {
            case null -> false;
            case String s -> {
                if (b instanceof String other && s.length() == other.length()) {
                    budget.characters(s.length());
                    yield s.equals(other);
                }
                yield b instanceof Markup m && s.equals(m.text());
            }
            case List<?> l -> b instanceof List<?> other && equalItems(l, other, budget, depth);
            case Tuple t -> b instanceof Tuple other && equalItems(t.items(), other.items(), budget, depth);
            case Range r -> b instanceof Range other && equalItems(items(r), items(other), budget, depth);
            case Map<?, ?> m -> b instanceof Map<?, ?> other && equalMaps(m, other, budget, depth);
            case Undefined u -> b instanceof Undefined;
            case Markup m -> equal(m.text(), b instanceof Markup other ? other.text() : b, budget, depth);
            case DictView d -> throw TemplateError.unsupported("comparing " + d.kind());
            default -> false;
        };
    }

    private static boolean equalItems(List<?> a, List<?> b, Budget budget, int depth) {
        boolean equal = a.size() == b.size();
        for (int i = 0; equal && i < a.size(); i++) {
            equal = equal(a.get(i), b.get(i), budget, depth + 1);
        }
        return equal;
    }

    private static boolean equalMaps(Map<?, ?> a, Map<?, ?> b, Budget budget, int depth) {
        if (a.size() != b.size()) {
            return false;
        }
        for (Map.Entry<?, ?> entry : a.entrySet()) {
            Object key = Dicts.find(b, entry.getKey(), budget);
            if (key == Dicts.ABSENT || !equal(entry.getValue(), b.get(key), budget, depth + 1)) {
                return false;
            }
        }
        return true;
    }

    /** Python's {@code a < b} as a three-way comparison; an error for types without an order. */
    static int compare(Object a, Object b, Budget budget) {
        return compare(a, b, budget, 0);
    }

    private static int compare(Object a, Object b, Budget budget, int depth) {
        checkDepth(depth);
        budget.steps(1);
        if (Numbers.isNumber(a) && Numbers.isNumber(b)) {
            if (Numbers.isNan(a) || Numbers.isNan(b)) {
                throw TemplateError.unsupported("an order of not-a-number");
            }
            return Numbers.compare(a, b);
        }
        if (a instanceof String s && b instanceof String other) {
            budget.characters(Math.min(s.length(), other.length()));
            return compareCodePoints(s, other);
        }
        List<?> left = a instanceof Tuple t ? t.items() : a instanceof List<?> l ? l : null;
        List<?> right = b instanceof Tuple t ? t.items() : b instanceof List<?> l ? l : null;
        if (left != null && right != null && (a instanceof Tuple) == (b instanceof Tuple)) {
            for (int i = 0; i < Math.min(left.size(), right.size()); i++) {
                if (!equal(left.get(i), right.get(i), budget, depth + 1)) {
                    return compare(left.get(i), right.get(i), budget, depth + 1);
                }
            }
            return Integer.compare(left.size(), right.size());
        }
        throw new TemplateError("a " + typeName(a) + " and a " + typeName(b) + " have no order");
    }

    /** By code points, as Python; Java's own order puts surrogates before U+E000. */
    private static int compareCodePoints(String a, String b) {
        int i = 0;
        while (i < a.length() && i < b.length()) {
            if (a.charAt(i) != b.charAt(i)) {
                boolean low = i > 0 && Character.isLowSurrogate(a.charAt(i)) && Character.isLowSurrogate(b.charAt(i));
                int at = low ? i - 1 : i;
                return Integer.compare(a.codePointAt(at), b.codePointAt(at));
            }
            i++;
        }
        return Integer.compare(a.length(), b.length());
    }

    /** The elements of what has indices (lists, tuples, ranges), or null. */
    static List<?> indexed(Object v) {
        return switch (v) {
            case List<?> l -> l;
            case Tuple t -> t.items();
            case Range r -> items(r);
            case null, default -> null;
        };
    }

    static List<Object> items(Range range) {
        return new AbstractList<>() {
            @Override
            public Object get(int index) {
                return range.start() + index * range.step();
            }

            @Override
            public int size() {
                return range.size();
            }
        };
    }

    static String typeName(Object v) {
        return switch (v) {
            case null -> "None";
            case Boolean b -> "bool";
            case Long l -> "int";
            case BigInteger b -> "int";
            case Double d -> "float";
            case String s -> "string";
            case List<?> l -> "list";
            case Map<?, ?> m -> "dict";
            case Tuple t -> "tuple";
            case Range r -> "range";
            case DictView d -> d.kind();
            case Markup m -> "safe string";
            case Namespace n -> "namespace";
            case OneShot o -> "generator";
            case Undefined u -> "undefined value (" + u.message() + ")";
            case TemplateObject.Macro m -> "macro";
            case TemplateObject.Loop l -> "loop";
            case TemplateObject.Method m -> "method";
            case TemplateObject.Builtin b -> "function";
            default -> throw new IllegalArgumentException("no value of a template: " + v.getClass());
        };
    }

    private static void checkDepth(int depth) {
        if (depth > MAX_DEPTH) {
            throw new TemplateError("a value nests deeper than " + MAX_DEPTH + " levels");
        }
    }
}
