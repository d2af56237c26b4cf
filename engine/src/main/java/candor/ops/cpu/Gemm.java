package candor.ops.cpu;

import static candor.ops.cpu.TileKernels.COLUMNS;
import static candor.ops.cpu.TileKernels.LANES;
import static candor.ops.cpu.TileKernels.ROWS;

import candor.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/**
 * C = I + A·B, and C = I + A·B + A₂·B₂, for a block that one thread computes. The operands are named one by one, A
 * first, then {@link #into} computes; naming A forgets what the last product had. One object per thread, so naming
 * allocates nothing.
 *
 * <p>The block is cut into tiles, panel by panel of B, so that a panel stays in the second-level cache while the rows of A
 * pass by. A tile is finished, its second product included, before it goes to memory.
 */
final class Gemm {
    /** Bytes from one row of a packed panel to the next. */
    private static final long PANEL_ROW = (long) COLUMNS * Float.BYTES;

    /** What a product starts from that starts from nothing; never written. */
    private static final float[] NOTHING = new float[TileKernels.TILE];

    private final float[] tile = new float[TileKernels.TILE];

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
        init = null;
        b2 = null;
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

    /** A: columns of a tensor, which is to say its transpose. */
    Gemm aTransposed(Tensor x, int row, int col) {
        return a(x.data(), x.offset(row, col), Float.BYTES, x.stride() * Float.BYTES);
    }

    /** B: rows {@code row} bytes apart; panels {@code panel} bytes apart, readable in whole vectors. */
    Gemm b(MemorySegment data, long at, long row, long panel) {
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
