package candor.bindings;

/** A native library that is not there, cannot be loaded, or is of another version; the message says what to do. */
public final class MissingLibraryException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    MissingLibraryException(String message) {
        super(message);
    }

    MissingLibraryException(String message, Throwable cause) {
        super(message, cause);
    }
}
