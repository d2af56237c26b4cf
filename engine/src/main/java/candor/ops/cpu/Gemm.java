package candor.ops.cpu;

import static candor.ops.cpu.TileKernels.COLUMNS;
import static candor.ops.cpu.TileKernels.LANES;
import static candor.ops.cpu.TileKernels.ROWS;

import java.lang.foreign.MemorySegment;

/**
 * C = I + A·B for a block that one thread computes: the block is cut into tiles, panel by panel, so that a panel of B stays
 * in the second-level cache while the rows of A pass by. Offsets and strides are in bytes; see {@link TileKernels} for A
 * and B. One object per thread: it owns the tile.
 */
final class Gemm {
    private final float[] tile = new float[TileKernels.TILE];

    /**
     * @param rows  rows of A and C
     * @param cols  columns of B and C
     * @param k     columns of A, rows of B
     * @param panel bytes from one panel of B to the next; the last one must be readable in whole vectors
     * @param i     what C starts from, laid out like C with rows {@code is} apart (0 repeats a row), or null for zeros
     */
    void block(
            int rows, int cols, int k,
            MemorySegment a, long ao, long rs, long ks,
            MemorySegment b, long bo, long bs, long panel,
            MemorySegment i, long io, long is,
            MemorySegment c, long co, long cs) {
        for (int col = 0; col < cols; col += COLUMNS, bo += panel) {
            int width = Math.min(COLUMNS, cols - col);
            long at = (long) col * Float.BYTES;
            int height;
            for (int row = 0; row < rows; row += height) {
                height = height(rows - row);
                if (i == null) {
                    Tile.zero(tile, height);
                } else {
                    Tile.load(tile, i, io + at + row * is, is, height, width);
                }
                multiply(height, width, k, a, ao + row * rs, rs, ks, b, bo, bs);
                Tile.store(tile, c, co + at + row * cs, cs, height, width);
            }
        }
    }

    /** Rows of the next tile, where so many are left. */
    private static int height(int left) {
        return left >= ROWS ? ROWS : left >= 4 ? 4 : left >= 2 ? 2 : 1;
    }

    private void multiply(
            int height, int width, int k, MemorySegment a, long ao, long rs, long ks, MemorySegment b, long bo, long bs) {
        if (width > LANES) {
            switch (height) {
                case 8 -> TileKernels.tile8x2(a, ao, rs, ks, b, bo, bs, k, tile);
                case 4 -> TileKernels.tile4x2(a, ao, rs, ks, b, bo, bs, k, tile);
                case 2 -> TileKernels.tile2x2(a, ao, rs, ks, b, bo, bs, k, tile);
                default -> TileKernels.tile1x2(a, ao, rs, ks, b, bo, bs, k, tile);
            }
        } else {
            switch (height) {
                case 8 -> TileKernels.tile8x1(a, ao, rs, ks, b, bo, bs, k, tile);
                case 4 -> TileKernels.tile4x1(a, ao, rs, ks, b, bo, bs, k, tile);
                case 2 -> TileKernels.tile2x1(a, ao, rs, ks, b, bo, bs, k, tile);
                default -> TileKernels.tile1x1(a, ao, rs, ks, b, bo, bs, k, tile);
            }
        }
    }
}
