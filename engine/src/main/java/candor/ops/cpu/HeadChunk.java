package candor.ops.cpu;

import static candor.ops.cpu.TileShape.COLUMNS;

import candor.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/** A piece of the vocabulary: the head's entries in it, in panels, and the logits that rows have for them. */
final class HeadChunk {
    /** Bytes of packed head at a time. */
    private static final long CHUNK_BYTES = 8L << 20;

    /** Columns of logits that a thread holds at a time, at most. */
    static final int MOST_COLUMNS = 4096;

    /** And rows. */
    static final int MOST_ROWS = 2 * Workers.BLOCK;

    private final Workers workers;

    /** (T, V), or null where logits are a thread's scratch. */
    private final Tensor logits;

    private final Tensor x;
    final PanelSource head;

    /** The head's panels as they are kept, or null. */
    private final PanelSet ready;

    /** Those of the way back, or null. */
    final PanelSet natural;

    /** What is packed of the panels that are not kept: those of the way back from {@code naturalAt} on. */
    private final float[] packed;

    private final int naturalAt;

    /** Of a block that a thread computes at a time. */
    private final int blockRows;

    /** The first entry. */
    int first;

    /** How many there are. */
    int columns;

    HeadChunk(
            Workers workers,
            Tensor logits,
            Tensor x,
            PanelSource head,
            PanelSet ready,
            PanelSet natural,
            float[] packed,
            int naturalAt,
            int blockRows) {
        this.workers = workers;
        this.logits = logits;
        this.x = x;
        this.head = head;
        this.ready = ready;
        this.natural = natural;
        this.packed = packed;
        this.naturalAt = naturalAt;
        this.blockRows = blockRows;
    }

    /** Entries of the vocabulary at a time, for hidden states of this width. */
    static int columns(int width) {
        long fit = CHUNK_BYTES / (Float.BYTES * (long) Panels.floats(width)) * COLUMNS;
        return Math.clamp(fit, COLUMNS, MOST_COLUMNS);
    }

    /** Goes on to the entries from here on, so many at most. */
    void begin(int from, int most) {
        first = from;
        columns = Math.min(most, head.rows() - from);
    }

    /** Whether no entries follow. */
    boolean last() {
        return first + columns == head.rows();
    }

    void packForward(int panel) {
        int stride = workers.panels.floats(head.cols());
        head.transposed(packed, panel * stride, first + panel * COLUMNS, Panels.width(columns, panel));
    }

    void packNatural(int panel) {
        int at = naturalAt + panel * workers.panels.floats(columns);
        head.natural(packed, at, first, columns, panel * COLUMNS, Panels.width(head.cols(), panel));
    }

    /** B: the entries, to multiply gradients of logits with. */
    Gemm natural(Gemm gemm) {
        return natural != null ? gemm.b(natural, 0, first) : gemm.b(packed, naturalAt, workers.panels.floats(columns));
    }

    /** Where the logits of a block of rows lie: in the caller's tensor, or in this thread's scratch. */
    MemorySegment memory(int worker) {
        return logits == null ? workers.scratch(worker, blockRows * stride()) : logits.data();
    }

    /** Byte offset of a block's first row in {@link #memory}. */
    long offset(int row) {
        return logits == null ? 0 : logits.offset(row, first);
    }

    /** Bytes from row to row in {@link #memory}; scratch rows hold whole panels. */
    long stride() {
        return logits == null ? (long) Panels.count(columns) * COLUMNS * Float.BYTES : logits.stride() * Float.BYTES;
    }

    /** Computes the logits of a block of rows, from one of the panels on. */
    void multiply(int row, int rows, int panel, int cols, MemorySegment to, int worker) {
        Gemm gemm = workers.gemm(worker).a(x, row, 0, workers.key(row));
        if (ready != null) {
            gemm.b(ready, first / COLUMNS + panel, 0);
        } else {
            int stride = workers.panels.floats(head.cols());
            gemm.b(packed, panel * stride, stride);
        }
        long at = offset(row) + (long) panel * COLUMNS * Float.BYTES;
        gemm.into(to, at, stride(), rows, cols, head.cols());
    }

    /** All of them; in scratch, whole panels. */
    void multiply(int row, int rows, MemorySegment to, int worker) {
        multiply(row, rows, 0, logits == null ? Panels.count(columns) * COLUMNS : columns, to, worker);
    }
}
