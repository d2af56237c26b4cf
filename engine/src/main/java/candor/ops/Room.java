package candor.ops;

/**
 * Memory that there is for a run.
 *
 * @param host     bytes that this machine has free
 * @param device   bytes that the device has free; of no account where the backend has no memory of its own
 * @param overhead bytes of the device that the driver takes for itself, beside what is asked of it
 */
public record Room(long host, long device, long overhead) {
    /** What the driver takes for graphs, of which there are a few hundred at most; an estimate. */
    private static final long GRAPHS = 256L << 20;

    /** The same with the driver's context and the kernels' code. */
    private static final long CONTEXT = 1L << 30;

    /**
     * What there is on this machine now.
     *
     * @param host    bytes that this machine has free
     */
    public static Room at(BackendDescriptor backend, long host) {
        return switch (backend.memory()) {
            case HOST -> of(host, 0);
            case DEVICE -> open(host, Backends.freeBytes(backend).orElseThrow());
            case EMULATED -> of(host, host);
        };
    }

    /** Of each of so many processes of this machine, which have a device each. */
    public Room among(int processes) {
        return new Room(host / processes, device, overhead);
    }

    /** So much on the host, and so much on the device. */
    public static Room of(long host, long device) {
        return new Room(host, device, 0);
    }

    /** Beside a device that is open, and says what is free. */
    public static Room open(long host, long free) {
        return new Room(host, free, GRAPHS);
    }

    /** Beside a device that is not there: one of so many bytes in all. */
    public static Room planned(long host, long total) {
        return new Room(host, total, CONTEXT);
    }
}
