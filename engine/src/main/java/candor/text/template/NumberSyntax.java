package candor.text.template;

/** Where a number of a template ends: Python's integer and float literals, without the ones that Jinja lacks. */
final class NumberSyntax {
    private NumberSyntax() {}

    /** The index behind the number that starts at {@code start}, where a digit stands. */
    static int end(String s, int start) {
        if (s.charAt(start) == '0' && start + 1 < s.length()) {
            int radix = radix(s.charAt(start + 1));
            int end = radix == 10 ? start : digits(s, start + 2, radix, true);
            if (end > start + 2) {
                return end;
            }
        }
        int end = digits(s, start, 10, false);
        // A float needs a digit behind the point, and none of it follows a point: "a.0.1" is two items.
        boolean afterPoint = start > 0 && s.charAt(start - 1) == '.';
        if (afterPoint) {
            return integerEnd(s, start, end);
        }
        int fraction = end < s.length() && s.charAt(end) == '.' ? digits(s, end + 1, 10, false) : end;
        if (fraction > end + 1) {
            int exponent = exponent(s, fraction);
            return Math.max(exponent, fraction);
        }
        int exponent = exponent(s, end);
        return exponent > end ? exponent : integerEnd(s, start, end);
    }

    /** A leading zero is an integer of its own: "012" is no integer of Jinja's. */
    private static int integerEnd(String s, int start, int end) {
        if (s.charAt(start) != '0') {
            return end;
        }
        int i = start;
        while (i < end && (s.charAt(i) == '0' || s.charAt(i) == '_')) {
            i++;
        }
        return i;
    }

    static boolean isFloat(String text) {
        return text.indexOf('.') >= 0 || (radixOf(text) == 10 && (text.indexOf('e') >= 0 || text.indexOf('E') >= 0));
    }

    /** 2, 8, 10 or 16 for the text of an integer literal. */
    static int radixOf(String text) {
        return text.length() > 2 && text.charAt(0) == '0' ? radix(text.charAt(1)) : 10;
    }

    private static int radix(char c) {
        return switch (c) {
            case 'b', 'B' -> 2;
            case 'o', 'O' -> 8;
            case 'x', 'X' -> 16;
            default -> 10;
        };
    }

    private static int exponent(String s, int at) {
        if (at >= s.length() || (s.charAt(at) != 'e' && s.charAt(at) != 'E')) {
            return at;
        }
        int sign = at + 1 < s.length() && (s.charAt(at + 1) == '+' || s.charAt(at + 1) == '-') ? 1 : 0;
        int end = digits(s, at + 1 + sign, 10, false);
        return end > at + 1 + sign ? end : at;
    }

    private static int digits(String s, int from, int radix, boolean leadingUnderscore) {
        int i = from;
        while (i < s.length()) {
            char c = s.charAt(i);
            boolean digit = c < 128 && Character.digit(c, radix) >= 0;
            boolean separator = c == '_'
                    && (i > from || leadingUnderscore)
                    && i + 1 < s.length()
                    && s.charAt(i + 1) < 128
                    && Character.digit(s.charAt(i + 1), radix) >= 0;
            if (!digit && !separator) {
                break;
            }
            i++;
        }
        return i;
    }
}
