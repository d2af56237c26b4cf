package candor.hub;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;

/** What may be better in a while: a broken line, a busy server. */
final class Passing extends IOException {
    private static final long serialVersionUID = 1L;

    private final transient Optional<Duration> retryAfter;
    private final boolean beyond;

    Passing(String what) {
        this(what, Optional.empty(), false);
    }

    /**
     * @param retryAfter how long the server asks to wait
     * @param beyond whether the server's file ends before the range that was asked for
     */
    Passing(String what, Optional<Duration> retryAfter, boolean beyond) {
        super(what);
        this.retryAfter = retryAfter;
        this.beyond = beyond;
    }

    /** The same, said of a file. */
    Passing at(String path) {
        return new Passing(path + ": " + getMessage(), retryAfter, beyond);
    }

    boolean beyond() {
        return beyond;
    }

    Optional<Duration> retryAfter() {
        return retryAfter;
    }
}
