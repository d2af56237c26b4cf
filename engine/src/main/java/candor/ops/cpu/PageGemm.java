package candor.ops.cpu;

import static candor.ops.cpu.TileKernels.COLUMNS;
import static candor.ops.cpu.TileKernels.LANES;
import static candor.ops.cpu.TileKernels.ROWS;

import java.lang.foreign.MemorySegment;

/**
 * C = I + A·B for a block that one thread computes, where A and B stay as they lie in memory: the pages of a cache are read once
 * a step, and to copy them would be to read them twice. Named and computed as in {@link Gemm}.
 */
final class PageGemm {
    /** What a product starts from that starts from nothing; never written. */
    private static final float[] NOTHING = new float[TileKernels.TILE];

    private final float[] tile = new float[TileKernels.TILE];

    private MemorySegment a;
    private long aAt;
    private long aRow;
    private MemorySegment b;
    private long bAt;
    private long bRow;
    private long bPanel;
    private MemorySegment init;
    private long initAt;
    private long initRow;

    /** A: element (r, p) is at byte {@code at + r·row} and p floats behind. */
    PageGemm a(MemorySegment data, long at, long row) {
        a = data;
        aAt = at;
        aRow = row;
        return this;
    }

    /** B: rows {@code row} bytes apart; panels {@code panel} bytes apart, readable in whole vectors. Forgets I. */
    PageGemm b(MemorySegment data, long at, long row, long panel) {
        init = null;
        b = data;
        bAt = at;
        bRow = row;
        bPanel = panel;
        return this;
    }

    /** I, laid out like C. Left out, C starts from zeros. */
    PageGemm init(MemorySegment data, long at, long row) {
        init = data;
        initAt = at;
        initRow = row;
        return this;
    }

    /** C: {@code rows × cols} at {@code at}, rows {@code row} bytes apart; A has {@code depth} columns. */
    void into(MemorySegment c, long at, long row, int rows, int cols, int depth) {
        for (int col = 0; col < cols; col += COLUMNS) {
            int width = Math.min(COLUMNS, cols - col);
            long shift = (long) col * Float.BYTES;
            long panel = bAt + col / COLUMNS * bPanel;
            int height;
            for (int r = 0; r < rows; r += height) {
                height = height(rows - r);
                float[] from = NOTHING;
                if (init != null) {
                    from = tile;
                    Tile.load(tile, init, initAt + shift + r * initRow, initRow, height, width);
                }
                multiply(height, width, depth, aAt + r * aRow, panel, from);
                Tile.store(tile, c, at + shift + r * row, row, height, width);
            }
        }
    }

    /** Rows of the next tile, where so many are left. */
    private static int height(int left) {
        return left >= ROWS ? ROWS : left >= 4 ? 4 : left >= 2 ? 2 : 1;
    }

    private void multiply(int height, int width, int k, long rows, long panel, float[] from) {
        if (width > LANES) {
            switch (height) {
                case 8 -> TileKernels.tile8x2(a, rows, aRow, b, panel, bRow, k, from, tile);
                case 4 -> TileKernels.tile4x2(a, rows, aRow, b, panel, bRow, k, from, tile);
                case 2 -> TileKernels.tile2x2(a, rows, aRow, b, panel, bRow, k, from, tile);
                default -> TileKernels.tile1x2(a, rows, aRow, b, panel, bRow, k, from, tile);
            }
        } else {
            switch (height) {
                case 8 -> TileKernels.tile8x1(a, rows, aRow, b, panel, bRow, k, from, tile);
                case 4 -> TileKernels.tile4x1(a, rows, aRow, b, panel, bRow, k, from, tile);
                case 2 -> TileKernels.tile2x1(a, rows, aRow, b, panel, bRow, k, from, tile);
                default -> TileKernels.tile1x1(a, rows, aRow, b, panel, bRow, k, from, tile);
            }
        }
    }
}
