package candor.report.html;

/** Text as a reader should see it: what would be invisible, or would move other text, is shown by its number. */
public final class Visible {
    private static final int REPLACEMENT = 0xfffd;

    private Visible() {}

    /** Line breaks and tabs stay. */
    public static String text(String text) {
        StringBuilder visible = null;
        for (int i = 0; i < text.length(); ) {
            int c = text.codePointAt(i);
            int length = Character.charCount(c);
            if (!isPlain(c)) {
                if (visible == null) {
                    visible = new StringBuilder(text.length() + 16).append(text, 0, i);
                }
                append(visible, c);
            } else if (visible != null) {
                visible.appendCodePoint(c);
            }
            i += length;
        }
        return visible == null ? text : visible.toString();
    }

    private static boolean isPlain(int c) {
        return switch (c) {
            case '\n', '\t' -> true;
            case 0x200c, 0x200d -> true; // joiners: several scripts need them
            default ->
                switch (Character.getType(c)) {
                    case Character.CONTROL,
                            Character.FORMAT,
                            Character.SURROGATE,
                            Character.PRIVATE_USE,
                            Character.LINE_SEPARATOR,
                            Character.PARAGRAPH_SEPARATOR -> false;
                    default -> (c & 0xfffe) != 0xfffe;
                };
        };
    }

    private static void append(StringBuilder visible, int c) {
        if (Character.getType(c) == Character.SURROGATE || (c & 0xfffe) == 0xfffe) {
            visible.appendCodePoint(REPLACEMENT);
        } else if (c < 0x20) {
            visible.appendCodePoint(0x2400 + c); // Unicode's pictures of control characters
        } else if (c == 0x7f) {
            visible.appendCodePoint(0x2421);
        } else {
            visible.append(String.format("⟨U+%04X⟩", c));
        }
    }

    /** At most so many characters; a cut is marked, with how much is gone. */
    public static String cut(String text, int most) {
        int characters = text.codePointCount(0, text.length());
        return characters <= most
                ? text
                : text.substring(0, text.offsetByCodePoints(0, most)) + " […" + (characters - most)
                        + " more characters]";
    }

    /** At most so many characters, on one line, for a place that has room for no more. */
    public static String brief(String text, int most) {
        String line = text(text).replaceAll("\\s+", " ").strip();
        return line.codePointCount(0, line.length()) <= most
                ? line
                : line.substring(0, line.offsetByCodePoints(0, most - 1)).strip() + "…";
    }
}
