package candor.text.template;

/** An error of a template, on its way to {@link Template}, which adds the template's name and line. */
final class TemplateError extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** The line that is known to be at fault, or 0 where the interpreter's current line is meant. */
    private final int line;

    TemplateError(String message) {
        this(message, 0);
    }

    TemplateError(String message, int line) {
        // Templates are fuzzed and user data triggers raise_exception row by row: no need of a stack trace.
        super(message, null, false, false);
        this.line = line;
    }

    int line() {
        return line;
    }

    /** For something that Jinja has and this package has not. */
    static TemplateError unsupported(String what) {
        return new TemplateError(what + " is not supported by Candor's template engine");
    }
}
