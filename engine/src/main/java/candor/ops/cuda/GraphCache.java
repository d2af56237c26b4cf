package candor.ops.cuda;

import static candor.bindings.generated.CandorKernels.CANDOR_STALE_GRAPH;
import static candor.bindings.generated.CandorKernels.candor_graph_begin;
import static candor.bindings.generated.CandorKernels.candor_graph_destroy;
import static candor.bindings.generated.CandorKernels.candor_graph_end;
import static candor.bindings.generated.CandorKernels.candor_graph_launch;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Graphs of sections of calls. A section's key is the bytes of its calls, which are its operations with every device address, shape
 * and number that goes over: a graph is launched where each of them is the same as when it was captured, and nowhere else. So a
 * shape that comes back is a hit, and nobody has to say what a shape is.
 *
 * <p>A section is captured when it comes for the second time, since what comes once is not worth it, and since its kernels
 * have run then and their scratch memory is there. No more different ones may lie in between than there may be graphs: what
 * comes back too seldom to find its graph still there gets none.
 */
final class GraphCache implements AutoCloseable {
    static final int MOST_GRAPHS = 64;

    /** Of all graphs together: the driver keeps some kilobytes for each. */
    private static final int MOST_CALLS = 1 << 15;

    /** A launch of a graph costs about as much as two calls. */
    private static final int LEAST_CALLS = 3;

    /** Calls as they go over, so many of them: equal where all their bytes are. */
    private static final class Section {
        private final MemorySegment bytes;
        private final int calls;
        /** Wide enough to stand for the bytes where a mistake costs a capture and nothing else. */
        private final long fingerprint;

        private Section(MemorySegment bytes, int calls, long fingerprint) {
            this.bytes = bytes;
            this.calls = calls;
            this.fingerprint = fingerprint;
        }

        /** The calls in hand, while they are there. */
        static Section of(CallBuffer calls) {
            MemorySegment bytes = calls.bytes();
            long hash = bytes.byteSize();
            for (long at = 0; at < bytes.byteSize(); at += Long.BYTES) {
                hash = (hash ^ bytes.get(ValueLayout.JAVA_LONG, at)) * 0x9E3779B97F4A7C15L;
                hash ^= hash >>> 32;
            }
            return new Section(bytes, calls.calls(), hash);
        }

        /** One that stays when the calls are gone. */
        Section kept() {
            return new Section(MemorySegment.ofArray(bytes.toArray(ValueLayout.JAVA_LONG)), calls, fingerprint);
        }

        @Override
        public int hashCode() {
            return Long.hashCode(fingerprint);
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof Section section
                    && section.fingerprint == fingerprint
                    && section.bytes.mismatch(bytes) < 0;
        }
    }

    /** What a section that has no graph can hope for. */
    private enum Chance {
        /** A graph, when it comes again. */
        NEXT_TIME,
        /** None: it was tried. */
        NONE
    }

    private final Device device;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
    /** The one that was not launched for the longest time first. */
    private final Map<Section, MemorySegment> graphs = new LinkedHashMap<>(16, 0.75f, true);

    /** By fingerprint, the oldest first. */
    private final Map<Long, Chance> seen = new LinkedHashMap<>(16, 0.75f, true);

    private int calls;
    private long captured;
    private long replayed;
    private long plain;

    GraphCache(Device device) {
        this.device = device;
    }

    /** Launches the graph of a section, where there is one or now is worth making; false leaves the calls to the caller. */
    boolean launch(CallBuffer section) {
        boolean launched = section.calls() >= LEAST_CALLS && launch(Section.of(section));
        if (launched) {
            replayed++;
        } else {
            plain++;
        }
        return launched;
    }

    private boolean launch(Section section) {
        MemorySegment graph = graphs.get(section);
        if (graph != null) {
            int status = candor_graph_launch(graph);
            if (status != CANDOR_STALE_GRAPH()) {
                device.check(status);
                return true;
            }
            drop(section, graph);
        } else if (meet(section) != Chance.NEXT_TIME) {
            return false;
        }
        graph = capture(section);
        if (graph == null) {
            seen.put(section.fingerprint, Chance.NONE);
            return false;
        }
        captured++;
        while (!graphs.isEmpty() && (graphs.size() == MOST_GRAPHS || calls + section.calls > MOST_CALLS)) {
            Map.Entry<Section, MemorySegment> oldest =
                    graphs.entrySet().iterator().next();
            drop(oldest.getKey(), oldest.getValue());
        }
        graphs.put(section.kept(), graph);
        calls += section.calls;
        device.check(candor_graph_launch(graph));
        return true;
    }

    /** A graph, or null where the device does not make one of these calls; the stream is as before then. */
    private MemorySegment capture(Section section) {
        device.check(candor_graph_begin(device.stream()));
        int failed = 0;
        int ended;
        try {
            CallReader reader = new CallReader(section.bytes);
            while (reader.hasNext() && failed == 0) {
                failed = reader.function().call(reader, device.stream());
            }
        } finally { // whatever is thrown, as when the heap is full: a stream left in a capture is of no use any more
            ended = candor_graph_end(out, device.stream());
        }
        MemorySegment graph = out.get(ValueLayout.ADDRESS, 0);
        if (failed != 0 && ended == 0) {
            device.check(candor_graph_destroy(graph));
        }
        return failed == 0 && ended == 0 ? graph : null;
    }

    /** What was known of a section; null where it comes for the first time. */
    private Chance meet(Section section) {
        Chance known = seen.putIfAbsent(section.fingerprint, Chance.NEXT_TIME);
        if (seen.size() > MOST_GRAPHS) {
            Iterator<Long> oldest = seen.keySet().iterator();
            oldest.next();
            oldest.remove();
        }
        return known;
    }

    /** A graph goes when the stream has done with it. */
    private void drop(Section section, MemorySegment graph) {
        graphs.remove(section);
        calls -= section.calls;
        device.await();
        device.check(candor_graph_destroy(graph));
    }

    GraphUse use() {
        return new GraphUse(captured, replayed, plain);
    }

    @Override
    public void close() {
        try {
            for (MemorySegment graph : graphs.values()) {
                device.check(candor_graph_destroy(graph));
            }
        } finally {
            arena.close();
        }
    }
}
