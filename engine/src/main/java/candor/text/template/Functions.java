package candor.text.template;

import candor.text.template.Arguments.Bound;
import candor.text.template.TemplateObject.Namespace;
import candor.text.template.TemplateObject.Range;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The global functions: Jinja's, and the two that Hugging Face's libraries add. */
final class Functions {
    static final List<String> NAMES =
            List.of("range", "dict", "namespace", "raise_exception", "strftime_now", "joiner", "cycler", "lipsum");

    /** As Jinja's sandbox. */
    private static final int MAX_RANGE = 100_000;

    private Functions() {}

    static Object call(String name, Arguments arguments, Environment environment, Budget budget) {
        return switch (name) {
            case "range" -> range(arguments);
            case "dict" -> dict(arguments, budget);
            case "namespace" -> namespace(arguments, budget);
            case "raise_exception" ->
                throw new TemplateError("the template refuses: "
                        + Values.text(arguments.bind(1, "message").get(0, null), budget));
            case "strftime_now" -> Strftime.format(arguments.bind(1, "format").string(0), environment.now(), budget);
            default -> throw TemplateError.unsupported("the function '" + name + "'");
        };
    }

    private static Range range(Arguments arguments) {
        Bound bound = Methods.positionalOnly(arguments).bind(1, "start", "stop", "step");
        long first = bound.integer(0, 0);
        Range range =
                bound.has(1) ? new Range(first, bound.integer(1, 0), bound.integer(2, 1)) : new Range(0, first, 1);
        if (range.step() == 0) {
            throw new TemplateError("range() with a step of zero");
        }
        if (range.size() > MAX_RANGE) {
            throw new TemplateError("range() of more than " + MAX_RANGE + " numbers");
        }
        return range;
    }

    private static Map<Object, Object> dict(Arguments arguments, Budget budget) {
        Map<Object, Object> map = new LinkedHashMap<>();
        if (arguments.positional().size() > 1) {
            throw new TemplateError("dict() takes at most one positional argument");
        }
        if (!arguments.positional().isEmpty()) {
            switch (arguments.positional().get(0)) {
                case Map<?, ?> other -> map.putAll(other);
                case null, default -> {
                    for (Object pair : Iteration.list(arguments.positional().get(0), budget)) {
                        List<Object> two = Iteration.list(pair, budget);
                        if (two.size() != 2) {
                            throw new TemplateError("dict() wants pairs");
                        }
                        Dicts.put(map, two.get(0), two.get(1), budget);
                    }
                }
            }
        }
        budget.steps(map.size());
        map.putAll(arguments.named());
        return map;
    }

    private static Namespace namespace(Arguments arguments, Budget budget) {
        Map<String, Object> fields = new LinkedHashMap<>();
        dict(arguments, budget).forEach((key, value) -> {
            if (!(key instanceof String name)) {
                throw TemplateError.unsupported("a field of a namespace that is no string");
            }
            fields.put(name, value);
        });
        return new Namespace(fields);
    }
}
