package candor.comm;

/** Processes that compute together cannot go on, since one of them cannot; the message is one line for the user. */
public final class PeerFailed extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int rank;
    private final Kind kind;

    /** How it failed. */
    private enum Kind {
        SAYING_WHY,
        SILENTLY,
        BAD_INPUT
    }

    /**
     * @param rank    of the process that failed
     * @param message what became of it
     */
    public PeerFailed(int rank, String message) {
        this(rank, message, Kind.SAYING_WHY);
    }

    private PeerFailed(int rank, String message, Kind kind) {
        super(message);
        this.rank = rank;
        this.kind = kind;
    }

    /** Of one that has said nothing itself. */
    public static PeerFailed silently(int rank, String message) {
        return new PeerFailed(rank, message, Kind.SILENTLY);
    }

    /** Of one that cannot do what it is asked, with what it was given: there, the user can mend it. */
    public static PeerFailed ofBadInput(int rank, String message) {
        return new PeerFailed(rank, message, Kind.BAD_INPUT);
    }

    /** The same, with what to do about it. */
    public PeerFailed orDo(String remedy) {
        return new PeerFailed(rank, getMessage() + "; " + remedy, kind);
    }

    /** Whether what the process was given is at fault. */
    public boolean badInput() {
        return kind == Kind.BAD_INPUT;
    }

    /** Whether the process that failed said nothing itself. */
    public boolean silent() {
        return kind == Kind.SILENTLY;
    }

    /** Of the process that failed. */
    public int rank() {
        return rank;
    }
}
