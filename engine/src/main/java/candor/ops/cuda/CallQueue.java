package candor.ops.cuda;

import java.util.ArrayList;
import java.util.List;

/**
 * What has been asked for and not yet been issued. Calls are collected until somebody needs what they do: then all of them go
 * to the stream, by one launch where the same calls have come before.
 */
final class CallQueue implements AutoCloseable {
    /** So that calls that nobody waits for do not pile up. */
    private static final int MOST = 1 << 14;

    private final Device device;
    private final Arguments arguments;
    /** Null where every call is issued at once. */
    private final GraphCache graphs;

    private List<Call> pending = new ArrayList<>();
    private long section;

    /** @param withGraphs whether calls are collected at all */
    CallQueue(Device device, boolean withGraphs) {
        this.device = device;
        arguments = new Arguments(device.stream());
        graphs = withGraphs ? new GraphCache(device, arguments) : null;
    }

    void add(Call call) {
        if (graphs == null) {
            device.check(call.issue(arguments));
            return;
        }
        pending.add(call);
        if (pending.size() == MOST) {
            flush();
        }
    }

    /** Which section of the work is being collected: what calls of an older one read may be overwritten on the stream. */
    long section() {
        return section;
    }

    /** Issues everything. What fails drops what would have come behind it. */
    void flush() {
        if (pending.isEmpty()) {
            return;
        }
        List<Call> calls = pending;
        pending = new ArrayList<>(calls.size());
        section++;
        if (!graphs.launch(calls)) {
            for (Call call : calls) {
                device.check(call.issue(arguments));
            }
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
            arguments.close();
        }
    }
}
