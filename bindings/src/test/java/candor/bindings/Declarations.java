package candor.bindings;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What a C text declares, each piece under its name and in one spelling: functions, structs with fields, constants and type
 * names. It reads what our headers use of C, and what jextract quotes of it; anything else it does not see.
 */
final class Declarations {
    private static final Pattern FUNCTION =
            Pattern.compile("((?:int|int32_t|int64_t|void) |const char \\*)(candor_\\w+)\\(([^()]*)\\)");
    private static final Pattern STRUCT = Pattern.compile("struct (candor_\\w+) \\{([^}]*)\\}");
    private static final Pattern CONSTANT = Pattern.compile("(?:#define )?\\b(CANDOR_\\w+) (?:= )?(\\d\\w*)");
    private static final Pattern TYPE = Pattern.compile("typedef (?!struct)(\\w+) (candor_\\w+)");

    private Declarations() {}

    static Map<String, String> functions(String text) {
        Map<String, String> all = new TreeMap<>();
        Matcher matcher = FUNCTION.matcher(plain(text));
        while (matcher.find()) {
            String parameters = matcher.group(3).equals("void") ? "" : matcher.group(3);
            put(
                    all,
                    matcher.group(2),
                    tight(matcher.group(1)) + "("
                            + Stream.of(parameters.split(","))
                                    .map(Declarations::tight)
                                    .collect(Collectors.joining(", "))
                            + ")");
        }
        long named = Pattern.compile("candor_\\w+\\(")
                .matcher(plain(text))
                .results()
                .map(MatchResult::group)
                .distinct()
                .count();
        if (named != all.size()) {
            throw new IllegalStateException(
                    named + " functions, of which " + all.size() + " return nothing, an int or text");
        }
        return all;
    }

    static Map<String, String> structs(String text) {
        Map<String, String> all = new TreeMap<>();
        Matcher matcher = STRUCT.matcher(plain(text));
        while (matcher.find()) {
            put(all, matcher.group(1), fields(matcher.group(2)));
        }
        return all;
    }

    private static String fields(String text) {
        return Stream.of(text.split(";"))
                .map(Declarations::tight)
                .filter(field -> !field.isEmpty())
                .collect(Collectors.joining("; "));
    }

    static Map<String, String> constants(String text) {
        return pairs(CONSTANT, text, 1, 2);
    }

    static Map<String, String> types(String text) {
        return pairs(TYPE, text, 2, 1);
    }

    private static Map<String, String> pairs(Pattern pattern, String text, int name, int value) {
        Map<String, String> all = new LinkedHashMap<>();
        Matcher matcher = pattern.matcher(plain(text));
        while (matcher.find()) {
            put(all, matcher.group(name), matcher.group(value));
        }
        return all;
    }

    private static void put(Map<String, String> all, String name, String declaration) {
        String before = all.put(name, declaration);
        if (before != null && !before.equals(declaration)) {
            throw new IllegalStateException(name + " is declared as " + before + " and as " + declaration);
        }
    }

    /** Without comments, and with single blanks. */
    private static String plain(String text) {
        return text.replaceAll("(?s)/\\*.*?\\*/", " ").replaceAll("\\s+", " ");
    }

    /** One blank between words, none beside a star or a bracket. */
    private static String tight(String text) {
        return text.strip().replaceAll("\\s+", " ").replaceAll(" ?([*\\[\\]]) ?", "$1");
    }
}
