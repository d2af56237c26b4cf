package candor.text.template;

import static candor.text.template.Methods.positionalOnly;

import candor.text.template.Arguments.Bound;
import candor.text.template.TemplateObject.Tuple;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** The methods of Python's strings. Indices and widths count code points. */
final class StringMethods {
    /** All that Python has; some of them are refused when called. */
    static final Set<String> NAMES = Set.of(
            "capitalize",
            "casefold",
            "center",
            "count",
            "encode",
            "endswith",
            "expandtabs",
            "find",
            "format",
            "format_map",
            "index",
            "isalnum",
            "isalpha",
            "isascii",
            "isdecimal",
            "isdigit",
            "isidentifier",
            "islower",
            "isnumeric",
            "isprintable",
            "isspace",
            "istitle",
            "isupper",
            "join",
            "ljust",
            "lower",
            "lstrip",
            "maketrans",
            "partition",
            "removeprefix",
            "removesuffix",
            "replace",
            "rfind",
            "rindex",
            "rjust",
            "rpartition",
            "rsplit",
            "rstrip",
            "split",
            "splitlines",
            "startswith",
            "strip",
            "swapcase",
            "title",
            "translate",
            "upper",
            "zfill");

    private StringMethods() {}

    static Object call(String s, String name, Arguments arguments, Budget budget) {
        budget.characters(s.length());
        return switch (name) {
            case "upper", "lower", "capitalize", "title", "swapcase" -> {
                arguments.none();
                yield cased(s, name);
            }
            case "isalnum", "isalpha", "isascii", "isdecimal", "isdigit", "islower", "isspace", "isupper" -> {
                arguments.none();
                yield CharacterTests.test(s, name);
            }
            case "strip", "lstrip", "rstrip" -> {
                String set = positionalOnly(arguments).bind(0, "chars").string(0, null);
                budget.search(s.length(), set == null ? 1 : set.length());
                yield Chars.strip(s, set, !name.equals("rstrip"), !name.equals("lstrip"));
            }
            case "split" -> Splitting.split(s, arguments.bind(0, "sep", "maxsplit"), budget);
            case "rsplit" -> Splitting.splitFromEnd(s, arguments.bind(0, "sep", "maxsplit"), budget);
            case "splitlines" ->
                Splitting.lines(s, arguments.bind(0, "keepends").truth(0, false), budget);
            case "partition", "rpartition" -> {
                String separator = positionalOnly(arguments).bind(1, "sep").string(0);
                yield partition(s, separator, name.equals("partition"), budget);
            }
            case "startswith", "endswith" -> {
                Object wanted = whole(arguments, "prefix").get(0, null);
                yield affixed(s, wanted, name.equals("startswith"));
            }
            case "removeprefix" -> {
                String prefix = positionalOnly(arguments).bind(1, "prefix").string(0);
                yield s.startsWith(prefix) ? s.substring(prefix.length()) : s;
            }
            case "removesuffix" -> {
                String suffix = positionalOnly(arguments).bind(1, "suffix").string(0);
                yield s.endsWith(suffix) ? s.substring(0, s.length() - suffix.length()) : s;
            }
            case "replace" -> {
                Bound bound = positionalOnly(arguments).bind(2, "old", "new", "count");
                yield replace(s, bound.string(0), bound.string(1), bound.integer(2, -1), budget);
            }
            case "find", "rfind", "index", "rindex", "count" -> {
                String part = whole(arguments, "sub").string(0);
                budget.search(s.length(), part.length());
                yield name.equals("count") ? count(s, part) : find(s, part, name);
            }
            case "join" -> join(s, positionalOnly(arguments).bind(1, "iterable").get(0, null), budget);
            case "center", "ljust", "rjust" -> {
                Bound bound = positionalOnly(arguments).bind(1, "width", "fillchar");
                yield padded(s, bound.integer(0, 0), bound.string(1, " "), name, budget);
            }
            case "zfill" -> {
                int width = positionalOnly(arguments).bind(1, "width").integer(0, 0);
                boolean signed = s.startsWith("-") || s.startsWith("+");
                long zeros = Math.max(0, (long) width - Chars.length(s));
                budget.characters(s.length() + zeros);
                yield (signed ? s.substring(0, 1) : "") + "0".repeat((int) zeros) + s.substring(signed ? 1 : 0);
            }
            case "format" -> BraceFormat.format(s, arguments, budget);
            default -> throw TemplateError.unsupported("the method '" + name + "' of a string");
        };
    }

    /** One argument, without Python's optional bounds of the search. */
    private static Bound whole(Arguments arguments, String parameter) {
        if (arguments.positional().size() > 1) {
            throw TemplateError.unsupported(arguments.function() + " with bounds");
        }
        return positionalOnly(arguments).bind(1, parameter);
    }

    private static String cased(String s, String name) {
        return switch (name) {
            case "upper" -> s.toUpperCase(Locale.ROOT);
            case "lower" -> s.toLowerCase(Locale.ROOT);
            case "capitalize" -> Chars.capitalize(s);
            case "title" -> title(s);
            default -> throw TemplateError.unsupported("the method '" + name + "' of a string");
        };
    }

    /** A letter after no letter in title case, every other in lower case. */
    private static String title(String s) {
        StringBuilder out = new StringBuilder(s.length());
        boolean inWord = false;
        String lower = s.toLowerCase(Locale.ROOT);
        if (Chars.length(lower) != Chars.length(s)) {
            throw TemplateError.unsupported("title() of letters whose lower case has another length");
        }
        for (int i = 0, j = 0; i < s.length(); ) {
            int c = s.codePointAt(i);
            int low = lower.codePointAt(j);
            boolean cased = Character.isUpperCase(c) || Character.isLowerCase(c) || Character.isTitleCase(c);
            out.append(cased && !inWord ? Chars.titleCase(Character.toString(c)) : Character.toString(low));
            inWord = cased;
            i += Character.charCount(c);
            j += Character.charCount(low);
        }
        return out.toString();
    }

    private static Tuple partition(String s, String separator, boolean first, Budget budget) {
        if (separator.isEmpty()) {
            throw new TemplateError("an empty separator");
        }
        budget.search(s.length(), separator.length());
        int at = first ? s.indexOf(separator) : s.lastIndexOf(separator);
        if (at < 0) {
            return new Tuple(first ? List.of(s, "", "") : List.of("", "", s));
        }
        return new Tuple(List.of(s.substring(0, at), separator, s.substring(at + separator.length())));
    }

    private static boolean affixed(String s, Object wanted, boolean start) {
        if (wanted instanceof Tuple tuple) {
            for (Object one : tuple.items()) {
                if (affixed(s, one, start)) {
                    return true;
                }
            }
            return false;
        }
        if (!(wanted instanceof String affix)) {
            throw new TemplateError("startswith() and endswith() want a string, got a " + Values.typeName(wanted));
        }
        return start ? s.startsWith(affix) : s.endsWith(affix);
    }

    static String replace(String s, String old, String fresh, int count, Budget budget) {
        budget.search(s.length(), Math.max(1, old.length()));
        long most = old.isEmpty() ? Chars.length(s) + 1L : count(s, old);
        long times = count < 0 ? most : Math.min(count, most);
        budget.characters(s.length() + times * Math.max(0, fresh.length() - old.length()));
        StringBuilder out = new StringBuilder();
        int from = 0;
        for (long i = 0; i < times; i++) {
            int at = old.isEmpty() && i > 0 ? from + Character.charCount(s.codePointAt(from)) : s.indexOf(old, from);
            out.append(s, from, at).append(fresh);
            from = at + old.length();
        }
        return out.append(s, from, s.length()).toString();
    }

    /** Occurrences that do not overlap. */
    private static long count(String s, String part) {
        if (part.isEmpty()) {
            return Chars.length(s) + 1L;
        }
        long count = 0;
        for (int at = s.indexOf(part); at >= 0; at = s.indexOf(part, at + part.length())) {
            count++;
        }
        return count;
    }

    private static long find(String s, String part, String name) {
        int at = name.startsWith("r") ? s.lastIndexOf(part) : s.indexOf(part);
        if (at < 0 && name.endsWith("index")) {
            throw new TemplateError(name + "(): the substring is not found");
        }
        return at < 0 ? -1 : s.codePointCount(0, at);
    }

    private static String join(String separator, Object items, Budget budget) {
        Output out = new Output(budget);
        boolean first = true;
        for (Object item : Iteration.list(items, budget)) {
            if (!(item instanceof String part)) {
                throw new TemplateError("join() wants strings, got a " + Values.typeName(item));
            }
            out.append(first ? part : separator + part);
            first = false;
        }
        return out.toString();
    }

    static String padded(String s, int width, String fill, String name, Budget budget) {
        if (Chars.length(fill) != 1) {
            throw new TemplateError(name + "() wants one character to fill with");
        }
        int pad = (int) Math.max(0, (long) width - Chars.length(s));
        budget.characters(s.length() + (long) pad * fill.length());
        int left =
                switch (name) {
                    case "ljust" -> 0;
                    case "rjust" -> pad;
                    default -> pad / 2 + (pad & width & 1);
                };
        return fill.repeat(left) + s + fill.repeat(pad - left);
    }
}
