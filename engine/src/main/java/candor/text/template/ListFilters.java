package candor.text.template;

import candor.text.template.Arguments.Bound;
import candor.text.template.TemplateObject.OneShot;
import candor.text.template.TemplateObject.Tuple;
import candor.text.template.TemplateObject.Undefined;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.UnaryOperator;

/** The filters that go through the elements of a value. */
final class ListFilters {
    private ListFilters() {}

    static Object apply(String name, Object v, Arguments arguments, Budget budget) {
        return switch (name) {
            case "join" -> join(v, arguments.bind(0, "d", "attribute"), budget);
            case "sort" -> {
                Bound bound = arguments.bind(0, "reverse", "case_sensitive", "attribute");
                yield sorted(Iteration.list(v, budget), keys(bound, 2, 1, budget), bound.truth(0, false), budget);
            }
            case "dictsort" -> dictsort(v, arguments.bind(0, "case_sensitive", "by", "reverse"), budget);
            case "unique" -> unique(v, arguments.bind(0, "case_sensitive", "attribute"), budget);
            case "min", "max" ->
                extreme(v, arguments.bind(0, "case_sensitive", "attribute"), name.equals("max"), budget);
            case "sum" -> sum(v, arguments.bind(0, "attribute", "start"), budget);
            case "map" -> map(v, arguments, budget);
            case "select" -> chosen(v, arguments, false, true, budget);
            case "reject" -> chosen(v, arguments, false, false, budget);
            case "selectattr" -> chosen(v, arguments, true, true, budget);
            case "rejectattr" -> chosen(v, arguments, true, false, budget);
            default -> throw new IllegalArgumentException(name);
        };
    }

    private static String join(Object v, Bound bound, Budget budget) {
        UnaryOperator<Object> key = attribute(bound.get(1, null), budget);
        String separator = Values.text(bound.get(0, ""), budget);
        Output out = new Output(budget);
        boolean first = true;
        for (Object item : Iteration.list(v, budget)) {
            out.append(first ? "" : separator);
            out.append(Values.text(key.apply(item), budget));
            first = false;
        }
        return out.toString();
    }

    /** The sort key that an attribute and the case give: strings without regard to case, unless asked. */
    private static UnaryOperator<Object> keys(Bound bound, int attribute, int caseSensitive, Budget budget) {
        boolean sensitive = bound.truth(caseSensitive, false);
        if (bound.get(attribute, null) instanceof String path && path.indexOf(',') >= 0) {
            throw TemplateError.unsupported("sorting by several attributes");
        }
        UnaryOperator<Object> key = attribute(bound.get(attribute, null), budget);
        return item -> folded(key.apply(item), sensitive);
    }

    private static Object folded(Object v, boolean sensitive) {
        return v instanceof String s && !sensitive ? s.toLowerCase(Locale.ROOT) : v;
    }

    /** {@code "a.b.0"} goes down into the value; null stays where it is. */
    private static UnaryOperator<Object> attribute(Object path, Budget budget) {
        if (path == null) {
            return item -> item;
        }
        if (Numbers.isInteger(path)) {
            return item -> Attributes.item(item, path, budget);
        }
        if (!(path instanceof String dotted)) {
            throw new TemplateError("an attribute is named by a string, not a " + Values.typeName(path));
        }
        List<Object> parts = new ArrayList<>();
        for (String part : dotted.split("\\.", -1)) {
            boolean digits =
                    !part.isEmpty() && part.length() < 10 && part.chars().allMatch(c -> c >= '0' && c <= '9');
            parts.add(digits ? (Object) Long.valueOf(part) : part);
        }
        return item -> {
            Object value = item;
            for (Object part : parts) {
                value = Attributes.item(value, part, budget);
            }
            return value;
        };
    }

    private static List<Object> sorted(List<Object> items, UnaryOperator<Object> key, boolean reverse, Budget budget) {
        List<Object> keys = new ArrayList<>();
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < items.size(); i++) {
            keys.add(key.apply(items.get(i)));
            order.add(i);
        }
        if (items.size() > 1) {
            order.sort((a, b) -> {
                if (Values.equal(keys.get(a), keys.get(b), budget)) {
                    return 0;
                }
                Operators.checkDefined(keys.get(a));
                Operators.checkDefined(keys.get(b));
                int c = Values.compare(keys.get(a), keys.get(b), budget);
                // Python keeps the order of equals when it sorts in reverse.
                return reverse ? -c : c;
            });
        }
        List<Object> out = new ArrayList<>(items.size());
        order.forEach(i -> out.add(items.get(i)));
        return out;
    }

    private static List<Object> dictsort(Object v, Bound bound, Budget budget) {
        if (!(v instanceof Map<?, ?> map)) {
            throw new TemplateError("the filter 'dictsort' wants a dict, got a " + Values.typeName(v));
        }
        String by = bound.string(1, "key");
        if (!by.equals("key") && !by.equals("value")) {
            throw new TemplateError("the filter 'dictsort' sorts by 'key' or 'value'");
        }
        boolean sensitive = bound.truth(0, false);
        int index = by.equals("key") ? 0 : 1;
        return sorted(
                Dicts.items(map).items(),
                pair -> folded(((Tuple) pair).items().get(index), sensitive),
                bound.truth(2, false),
                budget);
    }

    private static OneShot unique(Object v, Bound bound, Budget budget) {
        UnaryOperator<Object> key = keys(bound, 1, 0, budget);
        List<Object> seen = new ArrayList<>();
        List<Object> out = new ArrayList<>();
        for (Object item : Iteration.list(v, budget)) {
            Object k = key.apply(item);
            if (k instanceof List<?> || k instanceof Map<?, ?>) {
                throw new TemplateError("the filter 'unique' does not work on a " + Values.typeName(k));
            }
            if (seen.stream().noneMatch(other -> Values.equal(other, k, budget))) {
                seen.add(k);
                out.add(item);
            }
        }
        return new OneShot(out);
    }

    private static Object extreme(Object v, Bound bound, boolean max, Budget budget) {
        UnaryOperator<Object> key = keys(bound, 1, 0, budget);
        List<Object> items = Iteration.list(v, budget);
        if (items.isEmpty()) {
            return new Undefined("no item: the sequence was empty");
        }
        Object best = items.getFirst();
        Object bestKey = key.apply(best);
        for (Object item : items.subList(1, items.size())) {
            Object k = key.apply(item);
            Operators.checkDefined(k);
            Operators.checkDefined(bestKey);
            int c = Values.compare(k, bestKey, budget);
            if (max ? c > 0 : c < 0) {
                best = item;
                bestKey = k;
            }
        }
        return best;
    }

    private static Object sum(Object v, Bound bound, Budget budget) {
        UnaryOperator<Object> key = attribute(bound.get(0, null), budget);
        Object total = bound.get(1, 0L);
        if (total instanceof String) {
            throw new TemplateError("the filter 'sum' does not add strings");
        }
        for (Object item : Iteration.list(v, budget)) {
            total = Operators.binary("+", total, key.apply(item), budget);
        }
        return total;
    }

    private static OneShot map(Object v, Arguments arguments, Budget budget) {
        List<Object> out = new ArrayList<>();
        if (arguments.positional().isEmpty()) {
            Bound bound = arguments.bind(0, "attribute", "default");
            if (!bound.has(0)) {
                throw new TemplateError("the filter 'map' wants a filter or an attribute");
            }
            UnaryOperator<Object> key = attribute(bound.get(0, null), budget);
            for (Object item : Iteration.list(v, budget)) {
                Object value = key.apply(item);
                out.add(
                        value instanceof Undefined && bound.has(1) && bound.get(1, null) != null
                                ? bound.get(1, null)
                                : value);
            }
            return new OneShot(out);
        }
        String filter = name(arguments, 0);
        Arguments rest = arguments.from(1, "the filter '" + filter + "'");
        for (Object item : Iteration.list(v, budget)) {
            budget.enter();
            out.add(Filters.apply(filter, item, rest, budget));
            budget.leave();
        }
        return new OneShot(out);
    }

    private static String name(Arguments arguments, int index) {
        if (arguments.positional().get(index) instanceof String name) {
            return name;
        }
        throw new TemplateError(arguments.function() + " wants the name of a filter or a test");
    }

    private static OneShot chosen(Object v, Arguments arguments, boolean byAttribute, boolean keep, Budget budget) {
        int skip = byAttribute ? 1 : 0;
        if (arguments.positional().size() < skip) {
            throw new TemplateError(arguments.function() + " wants an attribute");
        }
        UnaryOperator<Object> key =
                byAttribute ? attribute(arguments.positional().get(0), budget) : item -> item;
        boolean plain = arguments.positional().size() == skip;
        String test = plain ? null : name(arguments, skip);
        Arguments rest = plain ? null : arguments.from(skip + 1, "the test '" + test + "'");
        List<Object> out = new ArrayList<>();
        for (Object item : Iteration.list(v, budget)) {
            Object value = key.apply(item);
            boolean holds = plain ? Values.truth(value) : Tests.test(test, value, rest, budget);
            if (holds == keep) {
                out.add(item);
            }
        }
        return new OneShot(out);
    }
}
