package candor.evaluate.judge;

/** What models that reason write before they speak, where a server leaves it in the text. */
public final class Thinking {
    private static final String BEGIN = "<think>";
    private static final String END = "</think>";

    private Thinking() {}

    /** What was said once the thinking was over; nothing where it never was. */
    public static String without(String text) {
        int end = text.lastIndexOf(END);
        if (end >= 0) {
            return text.substring(end + END.length());
        }
        return text.stripLeading().startsWith(BEGIN) ? "" : text;
    }
}
