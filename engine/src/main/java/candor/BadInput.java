package candor;

import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Something that the user can fix: a file, a setting, a row of data.
 *
 * <p>The message is one line that says what is wrong, where (file, line, row, tensor), and what to do about it. The
 * command line prints it without a stack trace and exits with code 2; every other exception is a bug of ours.
 *
 * <p>What to do may concern a setting. Who throws knows its name alone; whoever tells the user knows whether that is a flag of a
 * command or a key of a file, and {@linkplain #message(UnaryOperator) says it so}.
 */
public class BadInput extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private static final Pattern SETTING = Pattern.compile("\\{([a-z][a-z0-9_.]*)\\}");

    /** What is wrong, and where. */
    private final String what;
    /** What to do about it; empty where the first says so. */
    private final String advice;

    /**
     * Without advice about settings.
     *
     * @param message what is wrong, where, and what to do about it
     */
    public BadInput(String message) {
        this(message, (Throwable) null);
    }

    /**
     * As above, found by another exception.
     *
     * @param message what is wrong, where, and what to do about it
     * @param cause   what was thrown
     */
    public BadInput(String message, Throwable cause) {
        this(message, "", cause);
    }

    /**
     * With advice that names settings.
     *
     * @param what is wrong, and where
     * @param advice what to do about it; a setting stands in braces, as in "lower {max_length}"
     */
    public BadInput(String what, String advice) {
        this(what, advice, null);
    }

    /**
     * With advice that names settings, found by another exception.
     *
     * @param what   is wrong, and where
     * @param advice what to do about it; a setting stands in braces
     * @param cause  what was thrown
     */
    public BadInput(String what, String advice, Throwable cause) {
        super(message(oneLine(what), advice, UnaryOperator.identity()), cause);
        this.what = oneLine(what);
        this.advice = advice;
    }

    /**
     * The same, said of a place.
     *
     * @param place such as a file and its line, which the message then begins with
     * @return the more exact one
     */
    public BadInput at(String place) {
        return new BadInput(place + ": " + what, advice, this);
    }

    /**
     * The same, with more advice.
     *
     * @param more what else can be done; nothing where it is empty
     * @return the more helpful one
     */
    public BadInput orDo(String more) {
        return more.isEmpty() ? this : new BadInput(what, advice.isEmpty() ? more : advice + "; " + more, this);
    }

    /**
     * The same, with advice of whoever knows more.
     *
     * @param otherAdvice in place of what was advised
     * @return the more helpful one
     */
    public BadInput butDo(String otherAdvice) {
        return new BadInput(what, otherAdvice, this);
    }

    /**
     * The message with settings as the user knows them; {@link #getMessage} has their plain names.
     *
     * @param naming the form of a setting, such as {@code --max-length} for {@code max_length}
     * @return the whole line
     */
    public String message(UnaryOperator<String> naming) {
        return message(what, advice, naming);
    }

    private static String message(String what, String advice, UnaryOperator<String> naming) {
        return advice.isEmpty() ? what : what + "; " + advice(oneLine(advice), naming);
    }

    /**
     * Advice with its settings as the user knows them.
     *
     * @param text   with settings in braces
     * @param naming the form of a setting
     * @return the advice, without braces
     */
    public static String advice(String text, UnaryOperator<String> naming) {
        return SETTING.matcher(text).replaceAll(setting -> Matcher.quoteReplacement(naming.apply(setting.group(1))));
    }

    /** Text from files may hold line breaks and control characters; a message must stay one readable line. */
    private static String oneLine(String message) {
        StringBuilder line = new StringBuilder(message.length());
        message.codePoints().forEach(c -> {
            if (c == '\n' || c == '\r' || c == '\t') {
                line.append(' ');
            } else if (Character.isISOControl(c)) {
                line.append(String.format("\\u%04x", c));
            } else {
                line.appendCodePoint(c);
            }
        });
        return line.toString();
    }
}
