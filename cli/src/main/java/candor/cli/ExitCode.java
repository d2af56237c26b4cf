package candor.cli;

/** What the program says to the shell when it ends. */
final class ExitCode {
    static final int DONE = 0;
    static final int FAILED = 1;
    static final int BAD_INPUT = 2;
    /** A signal's number is added to this, as shells do: 130 after Ctrl-C, 143 after SIGTERM, 129 after SIGHUP. */
    static final int SIGNALLED = 128;
    /** Work was stopped on request, and its state was saved. */
    static final int INTERRUPTED = SIGNALLED + 2;
    /** As a program that SIGPIPE ended: whoever read our output has stopped reading. */
    static final int BROKEN_PIPE = SIGNALLED + 13;

    private ExitCode() {}
}
