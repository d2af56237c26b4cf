package candor.comm;

/** Bytes on their way. */
@FunctionalInterface
public interface Transfer {
    /** Nothing is on its way. */
    Transfer DONE = () -> {};

    /**
     * Goes on when all that this process sends may be changed again, and all that it receives is there.
     *
     * @throws PeerFailed where that will not be
     */
    void await();
}
