package candor.ops.cpu;

import candor.tensor.LargePages;
import candor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A piece of memory that grows to the largest size asked for, and keeps no contents when it grows. */
final class Scratch implements AutoCloseable {
    private Arena arena;
    private MemorySegment memory = MemorySegment.NULL;

    /** At least {@code bytes} bytes. */
    MemorySegment need(long bytes) {
        if (memory.byteSize() < bytes) {
            close();
            arena = Arena.ofShared();
            // A quarter more, so that slowly growing batches do not allocate each time.
            memory = LargePages.allocate(arena, bytes + bytes / 4, Tensor.ALIGNMENT);
        }
        return memory;
    }

    /** Bytes that are there. */
    long bytes() {
        return memory.byteSize();
    }

    @Override
    public void close() {
        if (arena != null) {
            arena.close();
            arena = null;
            memory = MemorySegment.NULL;
        }
    }
}
