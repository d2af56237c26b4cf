package candor.ops.cpu;

import static candor.ops.cpu.TileKernels.COLUMNS;
import static candor.ops.cpu.TileKernels.LANES;
import static candor.ops.cpu.TileKernels.ORDER;
import static candor.ops.cpu.TileKernels.ROWS;
import static candor.ops.cpu.TileKernels.S;

import candor.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/**
 * C = I + A·B, and C = I + A·B + A₂·B₂, for a block that one thread computes. The operands are named one by one, A
 * first, then {@link #into} computes; naming B forgets I, A₂ and B₂, so that products with the same A follow one another
 * by naming B alone. One object per thread, so naming allocates nothing.
 *
 * <p>The block is cut into tiles, panel by panel of B, so that a panel stays in the second-level cache while the rows of A
 * pass by. A tile is finished, its second product included, before it goes to memory. Rows of A are copied to where
 * {@link CopiedKernels} want them, once for all products with it, where {@link #copied} says so.
 */
final class Gemm {
    /** Bytes from one row of a packed panel to the next. */
    private static final long PANEL_ROW = CopiedKernels.PANEL_ROW;

    /** How deep a copy of A goes: what a block of it takes of the second-level cache. Deeper products take turns. */
    private static final int COPY_DEPTH = 4 * CopiedKernels.DEPTH;

    /** What a product starts from that starts from nothing; never written. */
    private static final float[] NOTHING = new float[TileKernels.TILE];

    private final float[] tile = new float[TileKernels.TILE];

    /** Keeps the reads of {@link Tile#touch} from being dropped; means nothing. */
    private float touched;

    private boolean copies;
    private float[] copy = new float[0];
    private int copiedFrom = -1;
    private int copiedDepth;
    private int copiedRows;
    private float[] copy2 = new float[0];

    private MemorySegment a;
    private long aAt;
    private long aRow;
    private long aDepth;
    private MemorySegment b;
    private long bAt;
    private long bRow;
    private long bPanel;
    private MemorySegment init;
    private long initAt;
    private long initRow;
    private MemorySegment a2;
    private long a2At;
    private long a2Row;
    private MemorySegment b2;
    private long b2At;
    private long b2Panel;
    private int depth2;

    /** A: element (r, p) is at byte {@code at + r·row + p·depth}. */
    Gemm a(MemorySegment data, long at, long row, long depth) {
        copies = false;
        copiedFrom = -1;
        a = data;
        aAt = at;
        aRow = row;
        aDepth = depth;
        return this;
    }

    /** A: rows of a tensor. */
    Gemm a(Tensor x, int row, int col) {
        return a(x.data(), x.offset(row, col), x.stride() * Float.BYTES, Float.BYTES);
    }

    /**
     * Copies A before it is used, where that can be done: for products with many columns, or several products with one A. Not
     * for the small ones of attention, where the copy costs more than it gives.
     */
    Gemm copied() {
        copies = ROWS == 8 && aDepth == Float.BYTES;
        return this;
    }

    /** A: columns of a tensor, which is to say its transpose. */
    Gemm aTransposed(Tensor x, int row, int col) {
        return a(x.data(), x.offset(row, col), Float.BYTES, x.stride() * Float.BYTES);
    }

    /** B: rows {@code row} bytes apart; panels {@code panel} bytes apart, readable in whole vectors. */
    Gemm b(MemorySegment data, long at, long row, long panel) {
        init = null;
        b2 = null;
        b = data;
        bAt = at;
        bRow = row;
        bPanel = panel;
        return this;
    }

    /** B: packed panels. */
    Gemm b(MemorySegment panels, long at, long panel) {
        return b(panels, at, PANEL_ROW, panel);
    }

    /** I, laid out like C; rows 0 bytes apart repeat one row. Left out, C starts from zeros. */
    Gemm init(MemorySegment data, long at, long row) {
        init = data;
        initAt = at;
        initRow = row;
        return this;
    }

    /** A₂ (rows of a tensor) and B₂ (packed panels), {@code depth} columns and rows. */
    Gemm second(Tensor x, int row, int col, MemorySegment panels, long at, long panel, int depth) {
        a2 = x.data();
        a2At = x.offset(row, col);
        a2Row = x.stride() * Float.BYTES;
        b2 = panels;
        b2At = at;
        b2Panel = panel;
        depth2 = depth;
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
    void into(MemorySegment c, long at, long row, int rows, int cols, int depth) {
        if (copies && depth > 0 && rows >= ROWS && bRow == PANEL_ROW) {
            intoByCopies(c, at, row, rows, cols, depth);
        } else {
            intoAsItLies(c, at, row, rows, cols, depth);
        }
    }

    private void intoAsItLies(MemorySegment c, long at, long row, int rows, int cols, int depth) {
        for (int col = 0; col < cols; col += COLUMNS) {
            int panel = col / COLUMNS;
            int width = Math.min(COLUMNS, cols - col);
            long shift = (long) col * Float.BYTES;
            int height;
            for (int r = 0; r < rows; r += height) {
                height = height(rows - r);
                float[] from = NOTHING;
                if (init != null) {
                    from = tile;
                    Tile.load(tile, init, initAt + shift + r * initRow, initRow, height, width);
                }
                multiply(height, width, depth, a, aAt + r * aRow, aRow, aDepth, b, bAt + panel * bPanel, bRow, from);
                if (b2 != null) {
                    multiply(
                            height,
                            width,
                            depth2,
                            a2,
                            a2At + r * a2Row,
                            a2Row,
                            Float.BYTES,
                            b2,
                            b2At + panel * b2Panel,
                            PANEL_ROW,
                            tile);
                }
                Tile.store(tile, c, at + shift + r * row, row, height, width);
            }
        }
    }

    private void intoByCopies(MemorySegment c, long at, long row, int rows, int cols, int depth) {
        boolean second = b2 != null;
        for (int from = 0; from < depth; from += COPY_DEPTH) {
            int slice = Math.min(COPY_DEPTH, depth - from);
            copyRows(rows, from, slice);
            if (from > 0) {
                init(c, at, row);
            }
            boolean finish = second && from + slice == depth;
            if (finish) {
                copySecond(rows);
            }
            for (int col = 0; col < cols; col += COLUMNS) {
                int width = Math.min(COLUMNS, cols - col);
                long shift = (long) col * Float.BYTES;
                long panel = bAt + col / COLUMNS * bPanel + from * PANEL_ROW;
                long panel2 = b2At + col / COLUMNS * b2Panel;
                for (int r = 0; r < rows; r += ROWS) {
                    int height = Math.min(ROWS, rows - r);
                    float[] start = NOTHING;
                    if (init != null) {
                        start = tile;
                        Tile.load(tile, init, initAt + shift + r * initRow, initRow, height, width);
                    } else {
                        touched = Tile.touch(c, at + shift + r * row, row, height, width);
                    }
                    multiplyCopies(copy, rows, r, b, panel, slice, width, start);
                    if (finish) {
                        multiplyCopies(copy2, rows, r, b2, panel2, depth2, width, tile);
                    }
                    Tile.store(tile, c, at + shift + r * row, row, height, width);
                }
            }
        }
    }

    /** One tile: the copy lies piece by piece of the depth, all rows of a piece together. */
    private void multiplyCopies(
            float[] from, int rows, int r, MemorySegment panels, long panel, int depth, int width, float[] start) {
        int piece = padded(rows) * CopiedKernels.ROW;
        int at = r * CopiedKernels.ROW;
        float[] sofar = start;
        for (int p = 0; p < depth; p += CopiedKernels.DEPTH, at += piece) {
            int k = Math.min(CopiedKernels.DEPTH, depth - p);
            if (width > LANES) {
                CopiedKernels.tile8x2(from, at, panels, panel + p * PANEL_ROW, k, sofar, tile);
            } else {
                CopiedKernels.tile8x1(from, at, panels, panel + p * PANEL_ROW, k, sofar, tile);
            }
            sofar = tile;
        }
    }

    private static int padded(int rows) {
        return Math.ceilDiv(rows, ROWS) * ROWS;
    }

    private void copyRows(int rows, int from, int depth) {
        if (copiedFrom == from && copiedDepth == depth && copiedRows == rows) {
            return;
        }
        copy = copied(copy, a, aAt + (long) from * Float.BYTES, aRow, rows, depth);
        copiedFrom = from;
        copiedDepth = depth;
        copiedRows = rows;
    }

    private void copySecond(int rows) {
        copy2 = copied(copy2, a2, a2At, a2Row, rows, depth2);
    }

    /** The rows that only fill up the last tile are zero. */
    private static float[] copied(float[] to, MemorySegment x, long at, long row, int rows, int depth) {
        int piece = padded(rows) * CopiedKernels.ROW;
        int size = Math.ceilDiv(depth, CopiedKernels.DEPTH) * piece;
        float[] target = to.length >= size ? to : new float[size];
        for (int p = 0; p < depth; p += CopiedKernels.DEPTH) {
            int n = Math.min(CopiedKernels.DEPTH, depth - p);
            int start = p / CopiedKernels.DEPTH * piece;
            for (int r = 0; r < rows; r++) {
                copyRow(target, start + r * CopiedKernels.ROW, x, at + r * row + (long) p * Float.BYTES, n);
            }
            Arrays.fill(target, start + rows * CopiedKernels.ROW, start + piece, 0f);
        }
        return target;
    }

    private static void copyRow(float[] to, int start, MemorySegment x, long at, int n) {
        int j = 0;
        for (; j + LANES <= n; j += LANES) {
            FloatVector.fromMemorySegment(S, x, at + 4L * j, ORDER).intoArray(to, start + j);
        }
        for (; j < n; j++) {
            to[start + j] = x.get(TileKernels.FLOAT, at + 4L * j);
        }
    }

    /** Rows of the next tile, where so many are left. */
    private static int height(int left) {
        return left >= ROWS ? ROWS : left >= 4 ? 4 : left >= 2 ? 2 : 1;
    }

    private void multiply(
            int height,
            int width,
            int k,
            MemorySegment x,
            long xAt,
            long xRow,
            long xDepth,
            MemorySegment y,
            long yAt,
            long yRow,
            float[] from) {
        if (width > LANES) {
            switch (height) {
                case 8 -> TileKernels.tile8x2(x, xAt, xRow, xDepth, y, yAt, yRow, k, from, tile);
                case 4 -> TileKernels.tile4x2(x, xAt, xRow, xDepth, y, yAt, yRow, k, from, tile);
                case 2 -> TileKernels.tile2x2(x, xAt, xRow, xDepth, y, yAt, yRow, k, from, tile);
                default -> TileKernels.tile1x2(x, xAt, xRow, xDepth, y, yAt, yRow, k, from, tile);
            }
        } else {
            switch (height) {
                case 8 -> TileKernels.tile8x1(x, xAt, xRow, xDepth, y, yAt, yRow, k, from, tile);
                case 4 -> TileKernels.tile4x1(x, xAt, xRow, xDepth, y, yAt, yRow, k, from, tile);
                case 2 -> TileKernels.tile2x1(x, xAt, xRow, xDepth, y, yAt, yRow, k, from, tile);
                default -> TileKernels.tile1x1(x, xAt, xRow, xDepth, y, yAt, yRow, k, from, tile);
            }
        }
    }
}
