package candor;

/**
 * Something that the user can mend: a file, a flag, a row of data.
 *
 * <p>The message is one line that says what is wrong, where (file, line, row, tensor), and what to do about it. The
 * command line prints it without a stack trace and exits with code 2; every other exception is a bug of ours.
 */
public final class BadInput extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public BadInput(String message) {
        super(oneLine(message));
    }

    public BadInput(String message, Throwable cause) {
        super(oneLine(message), cause);
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
