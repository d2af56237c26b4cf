package candor.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The memory of a step: one allocation and a bump pointer. {@link #mark} remembers a height, {@link #release} falls back
 * to it, and what was handed out above is free again. The size is fixed at the start, so a step allocates nothing; the
 * largest height that was reached is kept, for plans and messages.
 */
public final class Workspace implements AutoCloseable {
    private final MemorySegment memory;
    private final long size;
    private final Runnable release;
    private long height;
    private long peak;

    /** Allocates {@code bytes}. They are cleared, and so resident from here on: what does not fit fails now, not in a step. */
    public Workspace(long bytes) {
        Arena arena = Arena.ofShared();
        memory = LargePages.allocate(arena, Math.max(bytes, Tensor.ALIGNMENT), Tensor.ALIGNMENT);
        memory.fill((byte) 0);
        size = memory.byteSize();
        release = arena::close;
    }

    private Workspace(MemorySegment memory, long size, Runnable release) {
        this.memory = memory;
        this.size = size;
        this.release = release;
    }

    /**
     * The memory of a device.
     *
     * @param address a multiple of {@link Tensor#ALIGNMENT}
     * @param bytes   how much there is
     * @param release what {@link #close} does
     */
    public static Workspace onDevice(MemorySegment address, long bytes, Runnable release) {
        return new Workspace(MemorySegment.ofAddress(address.address()), bytes, release);
    }

    /** Memory of the host that somebody else has taken. */
    public static Workspace over(MemorySegment memory, Runnable release) {
        return new Workspace(memory, memory.byteSize(), release);
    }

    /** A workspace without memory: what is taken from it has a shape and a place, and {@link #peak} says what it would need. */
    public static Workspace measuring() {
        return new Workspace(null, 0, () -> {});
    }

    /** Bytes that a dense tensor takes here, alignment included. */
    public static long bytesFor(DType dtype, long rows, long cols) {
        long bytes = Math.multiplyExact(Math.multiplyExact(rows, cols), dtype.bytes());
        return Math.ceilDiv(bytes, Tensor.ALIGNMENT) * Tensor.ALIGNMENT;
    }

    /** A dense tensor whose values are whatever lay there. */
    public Tensor take(DType dtype, int rows, int cols) {
        long bytes = bytesFor(dtype, rows, cols);
        if (memory == null) {
            Tensor tensor = Tensor.of(MemorySegment.ofAddress(height), dtype, rows, cols);
            height += bytes;
            peak = Math.max(peak, height);
            return tensor;
        }
        if (height + bytes > size) {
            throw new IllegalStateException("workspace of " + size + " bytes is too small: " + height + " in use, "
                    + bytes + " more asked for (" + rows + " x " + cols + " " + dtype + ")");
        }
        MemorySegment part = memory.byteSize() == 0
                ? MemorySegment.ofAddress(memory.address() + height)
                : memory.asSlice(height, (long) rows * cols * dtype.bytes());
        height += bytes;
        peak = Math.max(peak, height);
        return Tensor.of(part, dtype, rows, cols);
    }

    /** A float32 tensor. */
    public Tensor take(int rows, int cols) {
        return take(DType.F32, rows, cols);
    }

    public long mark() {
        return height;
    }

    public void release(long mark) {
        if (mark < 0 || mark > height) {
            throw new IllegalStateException("release to " + mark + " at height " + height);
        }
        height = mark;
    }

    /** Bytes allocated; none where it only measures. */
    public long size() {
        return size;
    }

    /** The largest height so far, in bytes. */
    public long peak() {
        return peak;
    }

    @Override
    public void close() {
        release.run();
    }
}
