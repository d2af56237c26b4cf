package candor.evaluate.ask;

/** The user asked to stop, and what was done so far is kept. */
public final class Stopped extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public Stopped() {
        super("stopped", null, false, false);
    }
}
