package candor.ops.cpu;

import static candor.ops.cpu.TileShape.COLUMNS;

import candor.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/**
 * C = I + A·B, and C = I + A·B + A₂·B₂, for a block that one thread computes, where B lies in packed panels. The operands are
 * named one by one, A first, then {@link #into} computes; naming B forgets I, A₂ and B₂, so that products with the same A
 * follow one another by naming B alone. One object per thread, so naming allocates nothing.
 */
abstract sealed class Gemm permits VectorGemm, NativeGemm {
    MemorySegment a;
    long aAt;
    long aStride;
    boolean transposed;

    /** Whether A is another than the product before had. */
    boolean fresh;

    private long copyKey;

    /** B, where it is float32 or pairs; else null. */
    float[] b;

    /** B, where it is of a frozen weight; else null. */
    PanelSet frozen;

    int bAt;
    int bPanel;

    /** B, where it is rows of a tensor as they lie; else null. */
    Tensor bRows;

    int bRow;
    int bCol;

    /** Of {@link #frozen}: which panel and which of its rows B begins with. */
    int firstPanel;

    int firstRow;
    MemorySegment init;
    long initAt;
    long initRow;
    MemorySegment a2;
    long a2At;
    long a2Row;

    /** B₂; null where it lies behind B's panels, or is none. */
    float[] b2;

    int b2At;
    int b2Panel;

    /** Columns of A₂; 0 where there is none. */
    int depth2;

    /** Whether A₂ and B₂ may go on where A and B end, in one product. */
    boolean joined;

    /** A: element (r, p) is at byte {@code at + r·row} and p floats behind. */
    Gemm a(MemorySegment data, long at, long row) {
        return a(data, at, row, false);
    }

    /** A: rows of a tensor. */
    Gemm a(Tensor x, int row, int col) {
        return a(x.data(), x.offset(row, col), x.stride() * Float.BYTES, false);
    }

    /** A: element (r, p) is at byte {@code at + p·depth} and r floats behind. */
    Gemm aTransposed(MemorySegment data, long at, long depth) {
        return a(data, at, depth, true);
    }

    /** A: columns of a tensor, which is to say its transpose. */
    Gemm aTransposed(Tensor x, int row, int col) {
        return a(x.data(), x.offset(row, col), x.stride() * Float.BYTES, true);
    }

    /**
     * A: rows of a tensor, of which a copy that was made under the same key is still good: for tasks of one operation that
     * multiply the same rows.
     *
     * @param key not 0; another one for other rows, and in every operation
     */
    Gemm a(Tensor x, int row, int col, long key) {
        if (key != copyKey) {
            a(x, row, col);
            copyKey = key;
        }
        return this;
    }

    private Gemm a(MemorySegment data, long at, long stride, boolean across) {
        copyKey = 0;
        fresh = true;
        a = data;
        aAt = at;
        aStride = stride;
        transposed = across;
        return this;
    }

    /** Whatever key A is named under next, it is another. */
    void forgetA() {
        copyKey = 0;
        fresh = true;
    }

    /** B: packed panels, {@code panel} elements from one to the next. */
    Gemm b(float[] panels, int at, int panel) {
        b = panels;
        frozen = null;
        return b(at, panel);
    }

    /** B: a frozen weight, from this panel and this row of its panels on. */
    Gemm b(PanelSet weight, int panel, int row) {
        b = weight instanceof FloatPanels wide ? wide.floats() : null;
        frozen = weight;
        firstPanel = panel;
        firstRow = row;
        int inside =
                switch (weight) {
                    case FloatPanels _ -> row * COLUMNS;
                    case PairPanels _ -> row / 2 * COLUMNS;
                    case NarrowPanels narrow -> row * narrow.row();
                    case PlainRows _ -> 0; // read by its rows and columns
                };
        return b(panel * weight.stride() + inside, weight.stride());
    }

    /** B: rows of a tensor, from a column on, as they lie. It is laid out as it is read. */
    Gemm bRows(Tensor x, int row, int col) {
        b = null;
        frozen = null;
        b(0, 0);
        bRows = x;
        bRow = row;
        bCol = col;
        return this;
    }

    private Gemm b(int at, int panel) {
        bRows = null;
        init = null;
        b2 = null;
        depth2 = 0;
        bAt = at;
        bPanel = panel;
        return this;
    }

    /** I, laid out like C; rows 0 bytes apart repeat one row. Left out, C starts from zeros. */
    Gemm init(MemorySegment data, long at, long row) {
        init = data;
        initAt = at;
        initRow = row;
        return this;
    }

    /** A₂ (rows of a tensor, as A must be then) and B₂ (packed panels), {@code depth} columns and rows. */
    Gemm second(Tensor x, int row, int col, float[] panels, int at, int panel, int depth) {
        a2 = x.data();
        a2At = x.offset(row, col);
        a2Row = x.stride() * Float.BYTES;
        b2 = panels;
        b2At = at;
        b2Panel = panel;
        depth2 = depth;
        joined = false;
        return this;
    }

    /**
     * A₂ (rows of a tensor, as A must be then), whose B₂ lies behind B's panels: {@code depth} columns and rows, at most {@link
     * PanelKernels#EXTRA}.
     */
    Gemm joined(Tensor x, int row, int col, int depth) {
        return joined(x, row, col, null, 0, 0, depth);
    }

    /** The same where B is narrow: B₂ lies in packed panels of its own, and comes behind B's as they are widened. */
    Gemm joined(Tensor x, int row, int col, float[] panels, int at, int panel, int depth) {
        second(x, row, col, panels, at, panel, depth);
        joined = true;
        return this;
    }

    /** C: a part of a tensor. */
    void into(Tensor c, int row, int col, int rows, int cols, int depth) {
        into(c.data(), c.offset(row, col), c.stride() * Float.BYTES, rows, cols, depth);
    }

    /** C += : a part of a tensor. */
    void addTo(Tensor c, int row, int col, int rows, int cols, int depth) {
        init(c.data(), c.offset(row, col), c.stride() * Float.BYTES).into(c, row, col, rows, cols, depth);
    }

    /** C: {@code rows × cols} at {@code at}, rows {@code row} bytes apart; A has {@code depth} columns. */
    abstract void into(MemorySegment c, long at, long row, int rows, int cols, int depth);

    /** Bytes that it has made room for. */
    abstract long bytes();
}
