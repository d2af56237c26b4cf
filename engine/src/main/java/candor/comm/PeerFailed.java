package candor.comm;

/** Processes that compute together cannot go on, since one of them cannot; the message is one line for the user. */
public final class PeerFailed extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int rank;

    /**
     * @param rank    of the process that failed
     * @param message what became of it
     */
    public PeerFailed(int rank, String message) {
        super(message);
        this.rank = rank;
    }

    /** Of the process that failed. */
    public int rank() {
        return rank;
    }
}
