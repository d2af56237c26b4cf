package candor.ops.cpu;

import static candor.ops.cpu.TileKernels.COLUMNS;
import static candor.ops.cpu.TileKernels.FLOAT;
import static candor.ops.cpu.TileKernels.LANES;
import static candor.ops.cpu.TileKernels.ROWS;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * C = I + A·B for a block that one thread computes: the block is cut into tiles, panel by panel, so that a panel of B stays
 * in the second-level cache while the rows of A pass by. Offsets and strides are in bytes; see {@link TileKernels} for A,
 * B, I and C. One object per thread: it owns the edge tile.
 */
final class Gemm {
    /** Zeros to start accumulators from, with a row stride of zero. */
    static final MemorySegment ZEROS = Arena.global().allocate((long) COLUMNS * Float.BYTES, 64);

    private static final long EDGE_STRIDE = (long) COLUMNS * Float.BYTES;

    /** Where a tile that overhangs the right edge of C is computed whole. */
    private final MemorySegment edge = Arena.ofAuto().allocate(EDGE_STRIDE * ROWS, 64);

    /**
     * @param rows  rows of A and C
     * @param cols  columns of B and C
     * @param k     columns of A, rows of B
     * @param panel bytes from one panel of B to the next; the last one must be readable to its full width
     */
    void block(
            int rows, int cols, int k,
            MemorySegment a, long ao, long rs, long ks,
            MemorySegment b, long bo, long bs, long panel,
            MemorySegment i, long io, long is, long iColumn,
            MemorySegment c, long co, long cs) {
        for (int col = 0; col < cols; col += COLUMNS, bo += panel) {
            int width = Math.min(COLUMNS, cols - col);
            long ic = io + col * iColumn;
            long cc = co + (long) col * Float.BYTES;
            int row = 0;
            for (; row + ROWS <= rows; row += ROWS) {
                tile(ROWS, width, k, a, ao + row * rs, rs, ks, b, bo, bs, i, ic + row * is, is, c, cc + row * cs, cs);
            }
            if (ROWS > 4 && row + 4 <= rows) {
                tile(4, width, k, a, ao + row * rs, rs, ks, b, bo, bs, i, ic + row * is, is, c, cc + row * cs, cs);
                row += 4;
            }
            for (; row < rows; row++) {
                tile(1, width, k, a, ao + row * rs, rs, ks, b, bo, bs, i, ic + row * is, is, c, cc + row * cs, cs);
            }
        }
    }

    private void tile(
            int rows, int width, int k,
            MemorySegment a, long ao, long rs, long ks,
            MemorySegment b, long bo, long bs,
            MemorySegment i, long io, long is,
            MemorySegment c, long co, long cs) {
        if (width == COLUMNS) {
            switch (rows) {
                case 8 -> TileKernels.tile8x2(a, ao, rs, ks, b, bo, bs, k, i, io, is, c, co, cs);
                case 4 -> TileKernels.tile4x2(a, ao, rs, ks, b, bo, bs, k, i, io, is, c, co, cs);
                default -> TileKernels.tile1x2(a, ao, rs, ks, b, bo, bs, k, i, io, is, c, co, cs);
            }
        } else if (width == LANES) {
            switch (rows) {
                case 8 -> TileKernels.tile8x1(a, ao, rs, ks, b, bo, bs, k, i, io, is, c, co, cs);
                case 4 -> TileKernels.tile4x1(a, ao, rs, ks, b, bo, bs, k, i, io, is, c, co, cs);
                default -> TileKernels.tile1x1(a, ao, rs, ks, b, bo, bs, k, i, io, is, c, co, cs);
            }
        } else {
            overhanging(rows, width, k, a, ao, rs, ks, b, bo, bs, i, io, is, c, co, cs);
        }
    }

    /** Computes the whole tile aside, and copies the columns that C has. */
    private void overhanging(
            int rows, int width, int k,
            MemorySegment a, long ao, long rs, long ks,
            MemorySegment b, long bo, long bs,
            MemorySegment i, long io, long is,
            MemorySegment c, long co, long cs) {
        for (int r = 0; r < rows; r++) {
            copy(i, io + r * is, edge, r * EDGE_STRIDE, width);
        }
        int whole = width < LANES ? LANES : COLUMNS;
        tile(rows, whole, k, a, ao, rs, ks, b, bo, bs, edge, 0, EDGE_STRIDE, edge, 0, EDGE_STRIDE);
        for (int r = 0; r < rows; r++) {
            copy(edge, r * EDGE_STRIDE, c, co + r * cs, width);
        }
    }

    private static void copy(MemorySegment from, long at, MemorySegment to, long target, int n) {
        for (int j = 0; j < n; j++) {
            to.set(FLOAT, target + 4L * j, from.get(FLOAT, at + 4L * j));
        }
    }
}
