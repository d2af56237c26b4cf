package candor.text.template;

import candor.text.template.Arguments.Bound;
import candor.text.template.TemplateObject.Loop;
import candor.text.template.TemplateObject.Tuple;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Which methods Python's types have, and those of lists, tuples, dicts and {@code loop}; see {@link StringMethods}. */
final class Methods {
    private static final Set<String> OF_DICTS = Set.of("get", "items", "keys", "values", "copy", "fromkeys");
    private static final Set<String> OF_LISTS = Set.of("index", "count", "copy");
    private static final Set<String> OF_TUPLES = Set.of("index", "count");
    /** They exist in Python, so a template must not see them as undefined; calling one is refused. */
    private static final Set<String> OF_NUMBERS = Set.of(
            "as_integer_ratio",
            "bit_count",
            "bit_length",
            "conjugate",
            "denominator",
            "from_bytes",
            "fromhex",
            "hex",
            "imag",
            "is_integer",
            "numerator",
            "real",
            "to_bytes");

    private static final Set<String> OF_RANGES = Set.of("index", "count", "start", "stop", "step");

    private Methods() {}

    /** Methods that change their object do not exist here, as in Jinja's immutable sandbox. */
    static boolean exists(Object receiver, String name) {
        return switch (receiver) {
            case String s -> StringMethods.NAMES.contains(name);
            case TemplateObject.Markup m -> StringMethods.NAMES.contains(name);
            case Map<?, ?> m -> OF_DICTS.contains(name);
            case List<?> l -> OF_LISTS.contains(name);
            case Tuple t -> OF_TUPLES.contains(name);
            case TemplateObject.Range r -> OF_RANGES.contains(name);
            case null, default -> Numbers.isNumber(receiver) && OF_NUMBERS.contains(name);
        };
    }

    static Object call(Object receiver, String name, Arguments arguments, Budget budget) {
        return switch (receiver) {
            case String s -> StringMethods.call(s, name, arguments, budget);
            case Map<?, ?> m -> ofDict(m, name, arguments, budget);
            case List<?> l -> ofList(l, name, arguments, budget);
            case Tuple t -> ofList(t.items(), name, arguments, budget);
            case Loop loop -> ofLoop(loop, name, arguments, budget);
            default -> throw unsupported(receiver, name);
        };
    }

    private static TemplateError unsupported(Object receiver, String name) {
        return TemplateError.unsupported("the method '" + name + "' of a " + Values.typeName(receiver));
    }

    private static Object ofDict(Map<?, ?> map, String name, Arguments arguments, Budget budget) {
        switch (name) {
            case "get" -> {
                // dict.get takes no keywords in Python.
                Bound bound = positionalOnly(arguments).bind(1, "key", "default");
                Object key = Dicts.find(map, bound.get(0, null), budget);
                return key == Dicts.ABSENT ? bound.get(1, null) : map.get(key);
            }
            case "items", "keys", "values", "copy" -> {
                arguments.none();
                budget.steps(map.size());
                return switch (name) {
                    case "items" -> Dicts.items(map);
                    case "keys" -> Dicts.keys(map);
                    case "values" -> Dicts.values(map);
                    default -> new LinkedHashMap<>(map);
                };
            }
            default -> throw unsupported(map, name);
        }
    }

    private static Object ofList(List<?> list, String name, Arguments arguments, Budget budget) {
        if (name.equals("copy")) {
            arguments.none();
            budget.steps(list.size());
            return new ArrayList<Object>(list);
        }
        Object wanted = positionalOnly(arguments).bind(1, "value").get(0, null);
        long count = 0;
        for (int i = 0; i < list.size(); i++) {
            if (list.get(i) == wanted || Values.equal(list.get(i), wanted, budget)) {
                if (name.equals("index")) {
                    return (long) i;
                }
                count++;
            }
        }
        if (name.equals("index")) {
            throw new TemplateError("index(): the value is not in the list");
        }
        return count;
    }

    private static Object ofLoop(Loop loop, String name, Arguments arguments, Budget budget) {
        List<Object> values = positionalOnly(arguments).positional();
        if (name.equals("cycle")) {
            if (values.isEmpty()) {
                throw new TemplateError("loop.cycle() wants values");
            }
            return values.get(loop.index % values.size());
        }
        boolean changed = loop.last == null || !Values.equal(loop.last, values, budget);
        loop.last = values;
        return changed;
    }

    static Arguments positionalOnly(Arguments arguments) {
        if (!arguments.named().isEmpty()) {
            throw new TemplateError(arguments.function() + " takes no named arguments");
        }
        return arguments;
    }
}
