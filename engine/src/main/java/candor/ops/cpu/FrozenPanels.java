package candor.ops.cpu;

import static candor.ops.cpu.TileKernels.COLUMNS;

import candor.tensor.LargePages;
import candor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.IdentityHashMap;
import java.util.Map;

/**
 * Frozen weights laid out in panels once, instead of at each use: forward (wᵀ) and backward (w), each made when it is
 * first wanted. Panels are float32, so this costs up to twice the weights in memory; beyond the budget a weight is packed
 * at each use, which a large batch hardly notices.
 */
final class FrozenPanels implements AutoCloseable {
    /** One weight's panels; null until they are wanted. */
    private static final class Entry {
        MemorySegment forward;
        MemorySegment backward;
    }

    /** Panels of several weights lie in one piece of memory: a layer's own is often smaller than a large page. */
    private static final long PIECE = 64L << 20;

    private final Workers workers;
    private final Arena arena = Arena.ofShared();
    private final Map<Tensor, Entry> entries = new IdentityHashMap<>();
    private final Parallel.Task packForward = this::packForward;
    private final Parallel.Task packBackward = this::packBackward;
    private long left;
    private MemorySegment piece = MemorySegment.NULL;
    private long pieceUsed;

    // The weight in hand.
    private Tensor w;
    private MemorySegment to;

    /** @param budget bytes of panels, at most */
    FrozenPanels(Workers workers, long budget) {
        this.workers = workers;
        left = budget;
    }

    /** From now on the values of this very tensor do not change. */
    void register(Tensor weight) {
        entries.putIfAbsent(weight, new Entry());
    }

    /** The panels of wᵀ: for each {@link TileKernels#COLUMNS} rows of w (O,I), I rows of the panel; or null. */
    MemorySegment forward(Tensor weight) {
        Entry entry = entries.get(weight);
        if (entry != null && entry.forward == null) {
            entry.forward = pack(weight, Panels.count(weight.rows()), Panels.bytes(weight.cols()), packForward);
        }
        return entry == null ? null : entry.forward;
    }

    /** The panels of w: for each {@link TileKernels#COLUMNS} columns of w (O,I), O rows of the panel; or null. */
    MemorySegment backward(Tensor weight) {
        Entry entry = entries.get(weight);
        if (entry != null && entry.backward == null) {
            entry.backward = pack(weight, Panels.count(weight.cols()), Panels.bytes(weight.rows()), packBackward);
        }
        return entry == null ? null : entry.backward;
    }

    private MemorySegment pack(Tensor weight, int panels, long panelBytes, Parallel.Task task) {
        long bytes = panels * panelBytes;
        if (bytes > left) {
            return null;
        }
        left -= bytes;
        w = weight;
        to = take(bytes);
        workers.run(panels, task);
        return to;
    }

    private MemorySegment take(long bytes) {
        if (piece.byteSize() - pieceUsed < bytes) {
            long size = LargePages.available() ? Math.max(bytes, PIECE) : bytes;
            piece = LargePages.allocate(arena, size, Tensor.ALIGNMENT);
            pieceUsed = 0;
        }
        MemorySegment part = piece.asSlice(pieceUsed, bytes);
        pieceUsed += Math.ceilDiv(bytes, Tensor.ALIGNMENT) * Tensor.ALIGNMENT;
        return part;
    }

    private void packForward(int panel, int worker) {
        int row = panel * COLUMNS;
        int rows = Math.min(COLUMNS, w.rows() - row);
        Panels.transposed(to, panel * Panels.bytes(w.cols()), w, row, 0, rows, w.cols(), 1f);
    }

    private void packBackward(int panel, int worker) {
        int col = panel * COLUMNS;
        int cols = Math.min(COLUMNS, w.cols() - col);
        Panels.natural(to, panel * Panels.bytes(w.rows()), w, 0, w.rows(), col, cols, 1f);
    }

    @Override
    public void close() {
        arena.close();
    }
}
