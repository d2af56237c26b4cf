package candor.cli;

/** Ends a command before its time, when all that there is to say has been said. */
final class Ended extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int code;

    /** @param code what the program says to the shell */
    Ended(int code) {
        super("ended with " + code);
        this.code = code;
    }

    int code() {
        return code;
    }
}
