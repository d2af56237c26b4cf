package candor.comm;

import java.lang.foreign.MemorySegment;
import java.util.List;

/** A process alone: nothing travels. */
final class OneProcess implements Communicator {
    @Override
    public int rank() {
        return 0;
    }

    @Override
    public int size() {
        return 1;
    }

    @Override
    public int localRank() {
        return 0;
    }

    @Override
    public int localSize() {
        return 1;
    }

    @Override
    public String description() {
        return "one process";
    }

    @Override
    public Transfer exchange(List<MemorySegment> to, List<MemorySegment> from) {
        from.getFirst().copyFrom(to.getFirst());
        return Transfer.DONE;
    }

    @Override
    public Transfer broadcast(MemorySegment bytes, int root) {
        return Transfer.DONE;
    }

    @Override
    public void fail(String reason, boolean badInput) {
        // There is nobody to tell.
    }

    @Override
    public void close() {
        // Nothing is held.
    }
}
