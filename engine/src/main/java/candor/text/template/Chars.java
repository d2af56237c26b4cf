package candor.text.template;

import java.util.ArrayList;
import java.util.List;

/** Strings as Python sees them: sequences of code points, with Python's idea of whitespace. */
final class Chars {
    private Chars() {}

    /** Python's {@code str.isspace} for one character. */
    static boolean isSpace(int c) {
        return (c >= 9 && c <= 13)
                || (c >= 0x1c && c <= 0x20)
                || c == 0x85
                || c == 0xa0
                || c == 0x1680
                || (c >= 0x2000 && c <= 0x200a)
                || c == 0x2028
                || c == 0x2029
                || c == 0x202f
                || c == 0x205f
                || c == 0x3000;
    }

    /** Not empty, and nothing but whitespace. */
    static boolean isBlank(String s) {
        return !s.isEmpty() && stripEnd(s).isEmpty();
    }

    static String stripEnd(String s) {
        return strip(s, null, false, true);
    }

    /** Strips the given characters, or whitespace where {@code set} is null. */
    static String strip(String s, String set, boolean start, boolean end) {
        int from = 0;
        int to = s.length();
        while (start && from < to && in(s.codePointAt(from), set)) {
            from += Character.charCount(s.codePointAt(from));
        }
        while (end && to > from && in(s.codePointBefore(to), set)) {
            to -= Character.charCount(s.codePointBefore(to));
        }
        return s.substring(from, to);
    }

    private static boolean in(int c, String set) {
        return set == null ? isSpace(c) : set.indexOf(c) >= 0;
    }

    static int length(String s) {
        return s.codePointCount(0, s.length());
    }

    /** The code point at a Python index that is known to lie inside. */
    static String at(String s, int index) {
        int from = s.offsetByCodePoints(0, index);
        return s.substring(from, from + Character.charCount(s.codePointAt(from)));
    }

    /** The code points as strings of one. */
    static List<Object> split(String s) {
        List<Object> out = new ArrayList<>(s.length());
        for (int i = 0; i < s.length(); ) {
            int width = Character.charCount(s.codePointAt(i));
            out.add(s.substring(i, i + width));
            i += width;
        }
        return out;
    }

    /** First character in title case, the rest in lower case. */
    static String capitalize(String s) {
        if (s.isEmpty()) {
            return s;
        }
        int width = Character.charCount(s.codePointAt(0));
        return titleCase(s.substring(0, width)) + s.substring(width).toLowerCase(java.util.Locale.ROOT);
    }

    /** One character in title case; where Unicode knows no single one (as for ß), the first letter of its upper case. */
    static String titleCase(String character) {
        int c = character.codePointAt(0);
        int title = Character.toTitleCase(c);
        String upper = character.toUpperCase(java.util.Locale.ROOT);
        return title != c || upper.length() <= character.length()
                ? Character.toString(title)
                : upper.substring(0, 1) + upper.substring(1).toLowerCase(java.util.Locale.ROOT);
    }
}
