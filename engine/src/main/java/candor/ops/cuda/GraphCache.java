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
 * have run then and their scratch memory is there. Its first calls say whether it may have come before ({@link #isNew}). No more different ones may lie in between than there may be graphs: what
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
        private final long fingerprint;
        private final long beginning;

        private Section(MemorySegment bytes, int calls, long fingerprint, long beginning) {
            this.bytes = bytes;
            this.calls = calls;
            this.fingerprint = fingerprint;
            this.beginning = beginning;
        }

        /** The calls in hand, while they are there. */
        static Section of(CallBuffer calls, Fingerprint all) {
            return new Section(calls.bytes(), calls.calls(), all.hash(), all.beginning());
        }

        /** One that stays when the calls are gone. */
        Section kept() {
            return new Section(
                    MemorySegment.ofArray(bytes.toArray(ValueLayout.JAVA_LONG)), calls, fingerprint, beginning);
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

    /** What is kept of one that has none. */
    private record Met(long beginning, Chance chance) {}

    private final Device device;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
    /** The one that was not launched for the longest time first. */
    private final Map<Section, MemorySegment> graphs = new LinkedHashMap<>(16, 0.75f, true);

    /** By fingerprint, the oldest first. */
    private final Map<Long, Met> seen = new LinkedHashMap<>(16, 0.75f, true);

    /** Of the section in hand. */
    private final Fingerprint fingerprint = new Fingerprint();

    private int calls;
    private long captured;
    private long replayed;
    private long plain;

    GraphCache(Device device) {
        this.device = device;
    }

    /**
     * Whether a section whose first calls these are has not come before, as far as is known. It is asked behind each call, and says
     * so once.
     */
    boolean isNew(CallBuffer first) {
        if (first.calls() != Fingerprint.BEGINNING) {
            return false;
        }
        fingerprint.look(first);
        long beginning = fingerprint.beginning();
        return seen.values().stream().noneMatch(met -> met.chance == Chance.NEXT_TIME && met.beginning == beginning)
                && graphs.keySet().stream().noneMatch(section -> section.beginning == beginning);
    }

    /** Some calls of a section are issued by the caller before it ends. */
    void pass(CallBuffer part) {
        fingerprint.pass(part);
    }

    /** The last calls of such a section. */
    void end(CallBuffer part) {
        fingerprint.pass(part);
        meet(fingerprint.hash(), fingerprint.beginning());
        plain++;
        forget();
    }

    /** Of a section that failed nothing is kept. */
    void forget() {
        fingerprint.clear();
    }

    /** Launches the graph of a section, where there is one or now is worth making; false leaves the calls to the caller. */
    boolean launch(CallBuffer section) {
        boolean launched = false;
        try {
            if (section.calls() >= LEAST_CALLS) {
                fingerprint.look(section);
                launched = launch(Section.of(section, fingerprint));
            }
        } finally {
            forget();
        }
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
        } else if (meet(section.fingerprint, section.beginning) != Chance.NEXT_TIME) {
            return false;
        }
        graph = capture(section);
        if (graph == null) {
            seen.put(section.fingerprint, new Met(section.beginning, Chance.NONE));
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
    private Chance meet(long section, long beginning) {
        Met known = seen.putIfAbsent(section, new Met(beginning, Chance.NEXT_TIME));
        if (seen.size() > MOST_GRAPHS) {
            Iterator<Long> oldest = seen.keySet().iterator();
            oldest.next();
            oldest.remove();
        }
        return known == null ? null : known.chance;
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
