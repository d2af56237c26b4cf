package candor.text.template;

import candor.text.template.Arguments.Bound;
import candor.text.template.TemplateObject.Markup;
import candor.text.template.TemplateObject.OneShot;
import candor.text.template.TemplateObject.Undefined;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** What may follow {@code |}; the filters on lists are in {@link ListFilters}. */
final class Filters {
    /** All of Jinja's; some are refused when they are reached. */
    static final Set<String> NAMES = Set.of(
            "abs",
            "attr",
            "batch",
            "capitalize",
            "center",
            "count",
            "d",
            "default",
            "dictsort",
            "e",
            "escape",
            "filesizeformat",
            "first",
            "float",
            "forceescape",
            "format",
            "groupby",
            "indent",
            "int",
            "items",
            "join",
            "last",
            "length",
            "list",
            "lower",
            "map",
            "max",
            "min",
            "pprint",
            "random",
            "reject",
            "rejectattr",
            "replace",
            "reverse",
            "round",
            "safe",
            "select",
            "selectattr",
            "slice",
            "sort",
            "string",
            "striptags",
            "sum",
            "title",
            "tojson",
            "trim",
            "truncate",
            "unique",
            "upper",
            "urlencode",
            "urlize",
            "wordcount",
            "wordwrap",
            "xmlattr");

    private Filters() {}

    static Object apply(String name, Object v, Arguments arguments, Budget budget) {
        if (v instanceof Markup) {
            throw TemplateError.unsupported("the filter '" + name + "' after 'safe'");
        }
        return switch (name) {
            case "default", "d" -> {
                Bound bound = arguments.bind(0, "default_value", "boolean");
                boolean missing = v instanceof Undefined || (bound.truth(1, false) && !Values.truth(v));
                yield missing ? bound.get(0, "") : v;
            }
            case "tojson" -> ToJson.dump(v, arguments, budget);
            case "trim" -> {
                String set = arguments.bind(0, "chars").string(0, null);
                String s = Values.text(v, budget);
                budget.search(s.length(), set == null ? 1 : set.length());
                yield Chars.strip(s, set, true, true);
            }
            case "length", "count" -> {
                arguments.none();
                yield Iteration.length(v);
            }
            case "string" -> {
                arguments.none();
                yield Values.text(v, budget);
            }
            case "safe" -> {
                arguments.none();
                yield new Markup(Values.text(v, budget));
            }
            case "upper", "lower", "capitalize", "title" -> {
                arguments.none();
                yield cased(name, Values.text(v, budget), budget);
            }
            case "replace" -> replace(v, arguments.bind(2, "old", "new", "count"), budget);
            case "center" ->
                StringMethods.padded(
                        Values.text(v, budget), arguments.bind(0, "width").integer(0, 80), " ", "center", budget);
            case "indent" -> indent(v, arguments.bind(0, "width", "first", "blank"), budget);
            case "format" -> format(v, arguments, budget);
            case "abs" -> {
                arguments.none();
                yield abs(v);
            }
            case "int" -> Conversions.toInteger(v, arguments.bind(0, "default", "base"));
            case "float" -> Conversions.toFloat(v, arguments.bind(0, "default"));
            case "round" -> Conversions.round(v, arguments.bind(0, "precision", "method"));
            case "items" -> {
                arguments.none();
                yield items(v);
            }
            case "list" -> {
                arguments.none();
                yield Iteration.list(v, budget);
            }
            case "reverse" -> {
                arguments.none();
                yield reverse(v, budget);
            }
            case "first" -> {
                arguments.none();
                yield first(v, budget);
            }
            case "last" -> {
                arguments.none();
                yield last(v, budget);
            }
            case "join",
                    "sort",
                    "dictsort",
                    "unique",
                    "min",
                    "max",
                    "sum",
                    "map",
                    "select",
                    "reject",
                    "selectattr",
                    "rejectattr" -> ListFilters.apply(name, v, arguments, budget);
            default ->
                throw NAMES.contains(name)
                        ? TemplateError.unsupported("the filter '" + name + "'")
                        : new TemplateError("there is no filter '" + name + "'");
        };
    }

    private static String cased(String name, String s, Budget budget) {
        budget.characters(s.length());
        return switch (name) {
            case "upper" -> s.toUpperCase(Locale.ROOT);
            case "lower" -> s.toLowerCase(Locale.ROOT);
            case "capitalize" -> Chars.capitalize(s);
            default -> title(s);
        };
    }

    /** Jinja's own: words begin at the start and behind blanks, hyphens and opening brackets. */
    private static String title(String s) {
        StringBuilder out = new StringBuilder(s.length());
        int from = 0;
        for (int i = 0; i <= s.length(); i++) {
            boolean separator = i < s.length() && (Chars.isSpace(s.charAt(i)) || "-({[<".indexOf(s.charAt(i)) >= 0);
            if (i == s.length() || separator) {
                out.append(word(s.substring(from, i)));
                if (separator) {
                    out.append(s.charAt(i));
                }
                from = i + 1;
            }
        }
        return out.toString();
    }

    private static String word(String word) {
        if (word.isEmpty()) {
            return word;
        }
        int width = Character.charCount(word.codePointAt(0));
        return word.substring(0, width).toUpperCase(Locale.ROOT)
                + word.substring(width).toLowerCase(Locale.ROOT);
    }

    private static String replace(Object v, Bound bound, Budget budget) {
        String old = Values.text(bound.get(0, null), budget);
        String fresh = Values.text(bound.get(1, null), budget);
        int count = bound.get(2, null) == null ? -1 : bound.integer(2, -1);
        return StringMethods.replace(Values.text(v, budget), old, fresh, count, budget);
    }

    private static String indent(Object v, Bound bound, Budget budget) {
        if (!(v instanceof String || v instanceof Undefined)) {
            throw new TemplateError("the filter 'indent' wants a string, got a " + Values.typeName(v));
        }
        String pad;
        if (bound.get(0, null) instanceof String s) {
            pad = s;
        } else {
            int width = Math.max(0, bound.integer(0, 4));
            budget.characters(width);
            pad = " ".repeat(width);
        }
        boolean blank = bound.truth(2, false);
        List<Object> lines = Splitting.lines(Values.text(v, budget) + "\n", false, budget);
        Output out = new Output(budget);
        for (int i = 0; i < lines.size(); i++) {
            String line = (String) lines.get(i);
            boolean indented = i == 0 ? bound.truth(1, false) : blank || !line.isEmpty();
            out.append((i == 0 ? "" : "\n") + (indented ? pad : "") + line);
        }
        return out.toString();
    }

    private static String format(Object v, Arguments arguments, Budget budget) {
        if (!arguments.positional().isEmpty() && !arguments.named().isEmpty()) {
            throw new TemplateError("the filter 'format' takes positional or named arguments, not both");
        }
        Object values =
                arguments.named().isEmpty() ? new TemplateObject.Tuple(arguments.positional()) : arguments.named();
        return PercentFormat.format(Values.text(v, budget), values, budget);
    }

    private static Object abs(Object v) {
        if (v instanceof Double d) {
            return Math.abs(d);
        }
        if (!Numbers.isInteger(v)) {
            throw new TemplateError("the filter 'abs' wants a number, got a " + Values.typeName(v));
        }
        return Numbers.normal(Numbers.big(v).abs());
    }

    private static Object items(Object v) {
        return switch (v) {
            case Undefined u -> new OneShot(List.of());
            case Map<?, ?> m -> new OneShot(Dicts.items(m).items());
            case null, default ->
                throw new TemplateError("the filter 'items' wants a dict, got a " + Values.typeName(v));
        };
    }

    private static Object reverse(Object v, Budget budget) {
        if (v instanceof String s) {
            budget.characters(s.length());
            return Slices.slice(s, null, null, -1L, budget);
        }
        List<Object> items = Iteration.list(v, budget);
        Collections.reverse(items = new java.util.ArrayList<>(items));
        // What Python cannot reverse lazily comes back as a list.
        boolean list = v instanceof OneShot;
        return list ? items : new OneShot(items);
    }

    private static Object first(Object v, Budget budget) {
        if (v instanceof OneShot once) {
            return once.peek().hasNext() ? once.peek().next() : new Undefined("'first' of nothing");
        }
        List<Object> items = Iteration.list(v, budget);
        return items.isEmpty() ? new Undefined("'first' of nothing") : items.getFirst();
    }

    private static Object last(Object v, Budget budget) {
        if (v instanceof OneShot) {
            throw new TemplateError("the filter 'last' does not work on a generator");
        }
        List<Object> items = Iteration.list(v, budget);
        return items.isEmpty() ? new Undefined("'last' of nothing") : items.getLast();
    }
}
