package candor.text.template;

import candor.text.template.Arguments.Bound;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Python's {@code split}, {@code rsplit} and {@code splitlines}. */
final class Splitting {
    private Splitting() {}

    static List<Object> split(String s, Bound bound, Budget budget) {
        String separator = separator(s, bound, budget);
        long most = most(bound);
        List<Object> out = new ArrayList<>();
        if (separator == null) {
            int from = 0;
            while (true) {
                from = spaces(s, from);
                if (from == s.length()) {
                    return out;
                }
                if (out.size() == most) {
                    out.add(s.substring(from));
                    return out;
                }
                int end = from;
                while (end < s.length() && !Chars.isSpace(s.charAt(end))) {
                    end++;
                }
                out.add(s.substring(from, end));
                from = end;
            }
        }
        int from = 0;
        for (int at = s.indexOf(separator); at >= 0 && out.size() < most; at = s.indexOf(separator, from)) {
            out.add(s.substring(from, at));
            from = at + separator.length();
            budget.steps(1);
        }
        out.add(s.substring(from));
        return out;
    }

    static List<Object> splitFromEnd(String s, Bound bound, Budget budget) {
        String separator = separator(s, bound, budget);
        long most = most(bound);
        List<Object> out = new ArrayList<>();
        int end = s.length();
        if (separator == null) {
            while (true) {
                while (end > 0 && Chars.isSpace(s.charAt(end - 1))) {
                    end--;
                }
                if (end == 0) {
                    break;
                }
                int start = out.size() == most ? 0 : end;
                while (start > 0 && !Chars.isSpace(s.charAt(start - 1))) {
                    start--;
                }
                out.add(s.substring(start, end));
                end = start;
            }
        } else {
            while (out.size() < most && end >= separator.length()) {
                int at = s.lastIndexOf(separator, end - separator.length());
                if (at < 0) {
                    break;
                }
                out.add(s.substring(at + separator.length(), end));
                end = at;
                budget.steps(1);
            }
            out.add(s.substring(0, end));
        }
        Collections.reverse(out);
        return out;
    }

    private static String separator(String s, Bound bound, Budget budget) {
        String separator = bound.string(0, null);
        if (separator != null && separator.isEmpty()) {
            throw new TemplateError("an empty separator");
        }
        budget.search(s.length(), separator == null ? 1 : separator.length());
        return separator;
    }

    private static long most(Bound bound) {
        int most = bound.integer(1, -1);
        return most < 0 ? Long.MAX_VALUE : most;
    }

    private static int spaces(String s, int from) {
        int i = from;
        while (i < s.length() && Chars.isSpace(s.charAt(i))) {
            i++;
        }
        return i;
    }

    static List<Object> lines(String s, boolean keepEnds, Budget budget) {
        budget.steps(s.length() >> 3);
        List<Object> out = new ArrayList<>();
        int from = 0;
        for (int i = 0; i < s.length(); i++) {
            if (breaksLine(s.charAt(i))) {
                int end = s.startsWith("\r\n", i) ? i + 2 : i + 1;
                out.add(s.substring(from, keepEnds ? end : i));
                from = end;
                i = end - 1;
            }
        }
        if (from < s.length()) {
            out.add(s.substring(from));
        }
        return out;
    }

    private static boolean breaksLine(char c) {
        return (c >= 0x0a && c <= 0x0d) || (c >= 0x1c && c <= 0x1e) || c == 0x85 || c == 0x2028 || c == 0x2029;
    }
}
