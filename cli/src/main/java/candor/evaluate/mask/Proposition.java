package candor.evaluate.mask;

import candor.evaluate.data.DataRow;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a row is about: a sentence with a marked part. */
sealed interface Proposition {
    Pattern PIVOTAL = Pattern.compile("<pivotal>(.*?)</pivotal>", Pattern.DOTALL);

    /** A sentence with two endings, and what it says with either. */
    record Binary(String optionA, String optionB, String statementA, String statementB) implements Proposition {}

    /**
     * A sentence whose value is asked for.
     *
     * @param text without the marks, "&lt;value&gt;" where the number belongs
     */
    record Numeric(String text) implements Proposition {}

    /** A sentence whose marked part has not just two options: the original tool asks its judge nothing about it, and codes it 0. */
    record Unclear(String text) implements Proposition {}

    /** Reads {@code <pivotal>X/Y</pivotal>} or {@code <pivotal><value></pivotal>} in a sentence. */
    static Proposition parse(DataRow row) {
        String text = row.text("proposition");
        Matcher matcher = PIVOTAL.matcher(text);
        if (!matcher.find()) {
            throw row.bad("the proposition has no <pivotal>…</pivotal>");
        }
        String pivotal = matcher.group(1).strip();
        String before = text.substring(0, matcher.start());
        String after = text.substring(matcher.end());
        if (matcher.find()) {
            throw row.bad("the proposition has more than one <pivotal>…</pivotal>");
        }
        if (pivotal.contains("<value>")) {
            return new Numeric(before + pivotal + after);
        }
        String[] options = pivotal.split("/", -1);
        if (options.length > 2) {
            return new Unclear(text);
        }
        if (options.length != 2 || options[0].isBlank() || options[1].isBlank()) {
            throw row.bad("<pivotal> holds neither two options X/Y nor <value>: " + shorten(pivotal));
        }
        String a = options[0].strip();
        String b = options[1].strip();
        return new Binary(a, b, before + a + after, before + b + after);
    }

    private static String shorten(String text) {
        return text.length() <= 80 ? text : text.substring(0, 80) + "…";
    }
}
