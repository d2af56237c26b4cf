package candor.evaluate.gsm8k;

import java.math.BigDecimal;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Finds the number that a text answers with. */
final class NumberAnswer {
    /** With commas between groups of three digits, or without any. */
    private static final String NUMBER = "-?(?:\\d{1,3}(?:,\\d{3})+|\\d+)(?:\\.\\d+)?";

    private static final Pattern ANY = Pattern.compile(NUMBER);
    private static final Pattern MARKED = Pattern.compile("####\\s*\\$?\\s*(" + NUMBER + ")");
    private static final Pattern OPENCOMPASS = Pattern.compile("-?\\p{Nd}+\\.\\p{Nd}+|-?\\p{Nd}+");
    private static final int MAX_DIGITS = 40;

    private NumberAnswer() {}

    /** The last number before a further "Question:", which a model that goes on with examples of its own would write. */
    static Optional<BigDecimal> last(String reply) {
        return find(ANY, 0, reply.split("Question:", 2)[0], true);
    }

    /** The last number as OpenCompass reads a reply: a comma ends it, so that "1,200" is 200. */
    static Optional<BigDecimal> openCompass(String reply) {
        return find(OPENCOMPASS, 0, reply.split("Question:", 2)[0], true);
    }

    /** The first number behind {@code ####}. */
    static Optional<BigDecimal> marked(String text) {
        return find(MARKED, 1, text, false);
    }

    private static Optional<BigDecimal> find(Pattern pattern, int group, String text, boolean last) {
        Matcher matcher = pattern.matcher(text);
        String found = null;
        while ((last || found == null) && matcher.find()) {
            found = matcher.group(group);
        }
        return Optional.ofNullable(found)
                .filter(digits -> digits.length() <= MAX_DIGITS)
                .map(digits -> new BigDecimal(digits.replace(",", "")));
    }

    /** Equal but for less than 10⁻⁶. */
    static boolean equal(BigDecimal a, BigDecimal b) {
        return a.subtract(b).abs().compareTo(new BigDecimal("0.000001")) < 0;
    }
}
