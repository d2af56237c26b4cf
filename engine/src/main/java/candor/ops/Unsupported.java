package candor.ops;

/** An operation, or a shape of it, that a backend does not compute: what it is, and what to do instead, in one line. */
public final class Unsupported extends UnsupportedOperationException {
    private static final long serialVersionUID = 1L;

    public Unsupported(String message) {
        super(message);
    }
}
