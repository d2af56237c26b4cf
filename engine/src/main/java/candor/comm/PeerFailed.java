package candor.comm;

/** Processes that compute together cannot go on, since one of them cannot; the message is one line for the user. */
public final class PeerFailed extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int rank;
    private final boolean silent;

    /**
     * @param rank    of the process that failed
     * @param message what became of it
     */
    public PeerFailed(int rank, String message) {
        this(rank, message, false);
    }

    private PeerFailed(int rank, String message, boolean silent) {
        super(message);
        this.rank = rank;
        this.silent = silent;
    }

    /** Of one that has said nothing itself. */
    public static PeerFailed silently(int rank, String message) {
        return new PeerFailed(rank, message, true);
    }

    /** The same, with what to do about it. */
    public PeerFailed orDo(String remedy) {
        return new PeerFailed(rank, getMessage() + "; " + remedy, silent);
    }

    /** Whether the process that failed said nothing itself. */
    public boolean silent() {
        return silent;
    }

    /** Of the process that failed. */
    public int rank() {
        return rank;
    }
}
