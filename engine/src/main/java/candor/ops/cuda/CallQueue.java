package candor.ops.cuda;

import java.util.function.Consumer;

/**
 * What has been asked for and not yet been issued. Calls are collected until somebody needs what they do: then all of them go
 * to the stream, by one launch where the same calls have come before. A section whose first calls have not come before has no
 * graph to wait for, and goes to the stream as it comes: so a pass of a length of its own keeps the device busy from the start.
 */
final class CallQueue implements AutoCloseable {
    /** So that calls that nobody waits for do not pile up. */
    private static final int MOST = 1 << 14;

    /** So many calls are issued together of a section that has no graph. */
    private static final int STREAMED = 32;

    private final Device device;
    /** Null where every call is issued at once. */
    private final GraphCache graphs;

    private final CallBuffer pending = new CallBuffer();
    private boolean open;
    private long section;
    /** Whether the first calls of the section have been issued. */
    private boolean streams;

    private long failures;

    /** @param withGraphs whether calls are collected at all */
    CallQueue(Device device, boolean withGraphs) {
        this.device = device;
        graphs = withGraphs ? new GraphCache(device) : null;
    }

    /**
     * Asks for a call.
     *
     * @param arguments writes them, in the order in which the function takes them; what is copied to the device for them has been
     *                  copied before, since that may issue what is pending
     */
    void add(Function function, Consumer<CallBuffer> arguments) {
        open = true;
        try {
            pending.add(function, arguments);
        } finally {
            open = false;
        }
        if (graphs == null || pending.calls() == MOST) {
            flush();
        } else if (streams ? pending.calls() == STREAMED : graphs.isNew(pending)) {
            stream();
        }
    }

    /** Issues what there is of a section that goes on. */
    private void stream() {
        graphs.pass(pending);
        boolean issued = false;
        try {
            issue();
            issued = true;
        } finally {
            pending.clear();
            streams = issued;
            if (!issued) {
                section++;
                failures++;
                graphs.forget();
            }
        }
    }

    private void issue() {
        CallReader calls = new CallReader(pending.bytes());
        while (calls.hasNext()) {
            device.check(calls.function().call(calls, device.stream()));
        }
    }

    /** Which section of the work is being collected: what calls of an older one read may be overwritten on the stream. */
    long section() {
        return section;
    }

    /** How many sections failed: some of their calls were dropped. */
    long failures() {
        return failures;
    }

    /** Issues everything. What fails drops what would have come behind it. */
    void flush() {
        if (open) {
            throw new IllegalStateException("half a call is pending");
        }
        if (pending.calls() == 0 && !streams) {
            return;
        }
        section++;
        boolean begun = streams;
        streams = false;
        boolean whole = false;
        try {
            if (begun) {
                graphs.end(pending);
            }
            if (begun || graphs == null || !graphs.launch(pending)) {
                issue();
            }
            whole = true;
        } finally {
            failures += whole ? 0 : 1;
            pending.clear();
        }
    }

    GraphUse use() {
        return graphs == null ? new GraphUse(0, 0, 0) : graphs.use();
    }

    /** Forgets what is not issued, and all graphs. The caller has waited for the device. */
    @Override
    public void close() {
        pending.clear();
        try {
            if (graphs != null) {
                graphs.close();
            }
        } finally {
            pending.close();
        }
    }
}
