package candor.cli;

/** What the program says to the shell when it ends. */
final class ExitCode {
    static final int DONE = 0;
    static final int FAILED = 1;
    static final int BAD_INPUT = 2;
    /** Work was stopped on request, and its state was saved. */
    static final int INTERRUPTED = 130;
    /** As a program that SIGPIPE ended: whoever read our output has stopped reading. */
    static final int BROKEN_PIPE = 141;

    private ExitCode() {}
}
