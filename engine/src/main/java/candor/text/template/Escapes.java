package candor.text.template;

/** The escape sequences of Python's string literals. */
final class Escapes {
    private Escapes() {}

    static String unescape(String s, int line) {
        int i = s.indexOf('\\');
        if (i < 0) {
            return s;
        }
        StringBuilder out = new StringBuilder(s.length()).append(s, 0, i);
        while (i < s.length()) {
            char c = s.charAt(i++);
            if (c != '\\') {
                out.append(c);
                continue;
            }
            char e = s.charAt(i++);
            switch (e) {
                case '\n' -> {}
                case '\\', '\'', '"' -> out.append(e);
                case 'n' -> out.append('\n');
                case 't' -> out.append('\t');
                case 'r' -> out.append('\r');
                case 'b' -> out.append('\b');
                case 'f' -> out.append('\f');
                case 'a' -> out.append('\u0007');
                case 'v' -> out.append('\u000b');
                case 'x' -> i = hex(s, i, 2, out, line);
                case 'u' -> i = hex(s, i, 4, out, line);
                case 'U' -> i = hex(s, i, 8, out, line);
                case 'N' ->
                    throw new TemplateError("the escape \\N{…} is not supported by Candor's template engine", line);
                default -> {
                    if (e >= '0' && e <= '7') {
                        i = octal(s, i - 1, out);
                    } else {
                        out.append('\\').append(e);
                    }
                }
            }
        }
        return out.toString();
    }

    private static int octal(String s, int from, StringBuilder out) {
        int value = 0;
        int i = from;
        while (i < s.length() && i < from + 3 && s.charAt(i) >= '0' && s.charAt(i) <= '7') {
            value = value * 8 + s.charAt(i++) - '0';
        }
        out.appendCodePoint(value);
        return i;
    }

    private static int hex(String s, int from, int count, StringBuilder out, int line) {
        long value = 0;
        for (int i = from; i < from + count; i++) {
            int digit = i < s.length() && s.charAt(i) < 128 ? Character.digit(s.charAt(i), 16) : -1;
            if (digit < 0) {
                throw new TemplateError("a string holds a broken hexadecimal escape", line);
            }
            value = value * 16 + digit;
        }
        if (value > Character.MAX_CODE_POINT || (value >= 0xD800 && value < 0xE000)) {
            throw new TemplateError("a string holds an escape that is no character", line);
        }
        out.appendCodePoint((int) value);
        return from + count;
    }
}
