package candor.serve.http;

/** A client has closed its connection, or reads nothing of what it is sent. */
public final class Gone extends Exception {
    private static final long serialVersionUID = 1L;

    public Gone() {
        super("the client is gone", null, false, false);
    }
}
