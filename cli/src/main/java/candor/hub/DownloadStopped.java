package candor.hub;

/** The user asked to stop. What has come is kept. */
public final class DownloadStopped extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public DownloadStopped() {
        super("stopped");
    }
}
