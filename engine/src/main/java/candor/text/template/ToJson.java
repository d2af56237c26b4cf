package candor.text.template;

import candor.text.template.Arguments.Bound;
import candor.text.template.TemplateObject.Tuple;
import java.math.BigInteger;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Python's {@code json.dumps}, with the arguments that transformers' {@code tojson} passes on. */
final class ToJson {
    private static final int MAX_DEPTH = 500;

    private final Output out;
    private final boolean ascii;
    private final String indent;
    private final String itemSeparator;
    private final String keySeparator;
    private final boolean sorted;

    private ToJson(Bound bound, Budget budget) {
        out = new Output(budget);
        ascii = bound.truth(0, false);
        Object width = bound.get(1, null);
        indent = switch (width) {
            case null -> null;
            case String s -> s;
            default -> {
                int spaces = Math.max(0, bound.integer(1, 0));
                budget.characters(spaces);
                yield " ".repeat(spaces);
            }
        };
        List<?> separators = Values.indexed(bound.get(2, null));
        if (bound.get(2, null) != null) {
            if (separators == null
                    || separators.size() != 2
                    || !separators.stream().allMatch(String.class::isInstance)) {
                throw new TemplateError("tojson wants two strings as separators");
            }
            itemSeparator = (String) separators.get(0);
            keySeparator = (String) separators.get(1);
        } else {
            itemSeparator = indent == null ? ", " : ",";
            keySeparator = ": ";
        }
        sorted = bound.truth(3, false);
    }

    static String dump(Object value, Arguments arguments, Budget budget) {
        ToJson json = new ToJson(arguments.bind(0, "ensure_ascii", "indent", "separators", "sort_keys"), budget);
        json.write(value, 0);
        return json.out.toString();
    }

    private void write(Object v, int depth) {
        if (depth > MAX_DEPTH) {
            throw new TemplateError("a value nests deeper than " + MAX_DEPTH + " levels");
        }
        switch (v) {
            case null -> out.append("null");
            case Boolean b -> out.append(b ? "true" : "false");
            case Long l -> out.append(l.toString());
            case BigInteger b -> out.append(b.toString());
            case Double d -> out.append(number(d));
            case String s -> string(s);
            case TemplateObject.Markup m -> string(m.text());
            case List<?> l -> array(l, depth);
            case Tuple t -> array(t.items(), depth);
            case Map<?, ?> m -> object(m, depth);
            default -> throw new TemplateError("tojson cannot write a " + Values.typeName(v));
        }
    }

    private static String number(double d) {
        return Double.isNaN(d) ? "NaN" : Double.isInfinite(d) ? (d > 0 ? "Infinity" : "-Infinity") : Numbers.repr(d);
    }

    private void array(List<?> items, int depth) {
        out.append("[");
        for (int i = 0; i < items.size(); i++) {
            out.append(i == 0 ? "" : itemSeparator);
            newline(depth + 1);
            write(items.get(i), depth + 1);
        }
        close(items.isEmpty(), depth, "]");
    }

    private void object(Map<?, ?> map, int depth) {
        out.append("{");
        Stream<? extends Map.Entry<?, ?>> entries = map.entrySet().stream();
        if (sorted) {
            if (!map.keySet().stream().allMatch(String.class::isInstance)) {
                throw TemplateError.unsupported("sorting keys that are no strings");
            }
            entries = entries.sorted((a, b) -> ((String) a.getKey()).compareTo((String) b.getKey()));
        }
        Iterator<? extends Map.Entry<?, ?>> each = entries.iterator();
        for (boolean first = true; each.hasNext(); first = false) {
            Map.Entry<?, ?> entry = each.next();
            out.append(first ? "" : itemSeparator);
            newline(depth + 1);
            string(key(entry.getKey()));
            out.append(keySeparator);
            write(entry.getValue(), depth + 1);
        }
        close(map.isEmpty(), depth, "}");
    }

    private void newline(int depth) {
        if (indent != null) {
            out.append("\n");
            for (int i = 0; i < depth; i++) {
                out.append(indent);
            }
        }
    }

    private void close(boolean empty, int depth, String bracket) {
        if (!empty) {
            newline(depth);
        }
        out.append(bracket);
    }

    private static String key(Object key) {
        return switch (key) {
            case null -> "null";
            case String s -> s;
            case Boolean b -> b ? "true" : "false";
            case Double d -> number(d);
            case Long l -> l.toString();
            case BigInteger b -> b.toString();
            default -> throw new TemplateError("tojson cannot write a " + Values.typeName(key) + " as a key");
        };
    }

    private void string(String s) {
        StringBuilder text = new StringBuilder(s.length() + 2).append('"');
        for (int i = 0; i < s.length(); i++) {
            char c = s.charAt(i);
            switch (c) {
                case '"' -> text.append("\\\"");
                case '\\' -> text.append("\\\\");
                case '\n' -> text.append("\\n");
                case '\r' -> text.append("\\r");
                case '\t' -> text.append("\\t");
                case '\b' -> text.append("\\b");
                case '\f' -> text.append("\\f");
                default -> {
                    if (c < 0x20 || (ascii && c > 0x7e)) {
                        text.append("\\u").append(String.format("%04x", (int) c));
                    } else {
                        text.append(c);
                    }
                }
            }
        }
        out.append(text.append('"').toString());
    }
}
