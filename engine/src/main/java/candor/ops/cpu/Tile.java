package candor.ops.cpu;

import static candor.ops.cpu.TileShape.COLUMNS;
import static candor.ops.cpu.TileShape.FLOAT;
import static candor.ops.cpu.TileShape.LANES;
import static candor.ops.cpu.TileShape.ORDER;
import static candor.ops.cpu.TileShape.S;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;

/** Moves a tile of C between memory and the array that the tile kernels work on; the last columns may be missing. */
final class Tile {
    /** Bytes of a vector. */
    private static final long BYTES = S.vectorByteSize();

    private static final ValueLayout.OfInt BITS = ValueLayout.JAVA_INT_UNALIGNED;

    private Tile() {}

    /** tile = C. Columns that C does not have keep what they held, which nobody reads. */
    static void load(float[] tile, MemorySegment c, long at, long stride, int rows, int width) {
        if (width == COLUMNS) {
            loadWhole(tile, c, at, stride, rows);
            return;
        }
        for (int r = 0; r < rows; r++, at += stride) {
            int row = r * COLUMNS;
            int j = 0;
            for (; j + LANES <= width; j += LANES) {
                FloatVector.fromMemorySegment(S, c, at + 4L * j, ORDER).intoArray(tile, row + j);
            }
            for (; j < width; j++) {
                tile[row + j] = c.get(FLOAT, at + 4L * j);
            }
        }
    }

    /** Rows of two vectors, without the loops that a part of a row takes: most tiles are whole. */
    private static void loadWhole(float[] tile, MemorySegment c, long at, long stride, int rows) {
        for (int r = 0; r < rows; r++) {
            long row = at + r * stride;
            FloatVector.fromMemorySegment(S, c, row, ORDER).intoArray(tile, r * COLUMNS);
            FloatVector.fromMemorySegment(S, c, row + BYTES, ORDER).intoArray(tile, r * COLUMNS + LANES);
        }
    }

    private static void storeWhole(float[] tile, MemorySegment c, long at, long stride, int rows) {
        for (int r = 0; r < rows; r++) {
            long row = at + r * stride;
            FloatVector.fromArray(S, tile, r * COLUMNS).intoMemorySegment(c, row, ORDER);
            FloatVector.fromArray(S, tile, r * COLUMNS + LANES).intoMemorySegment(c, row + BYTES, ORDER);
        }
    }

    /**
     * Reads where a tile of C will be written, so that its lines are on their way to the cache while the product runs: a
     * store that misses would wait for memory with all later stores behind it. What it returns only keeps the reads alive.
     */
    static int touch(MemorySegment c, long at, long stride, int rows, int width) {
        int any = 0;
        long last = (width - 1L) / LANES * BYTES;
        for (int r = 0; r < rows; r++) {
            any ^= c.get(BITS, at + r * stride);
            any ^= c.get(BITS, at + r * stride + last);
        }
        return any;
    }

    /** C = tile. */
    static void store(float[] tile, MemorySegment c, long at, long stride, int rows, int width) {
        if (width == COLUMNS) {
            storeWhole(tile, c, at, stride, rows);
            return;
        }
        for (int r = 0; r < rows; r++, at += stride) {
            int row = r * COLUMNS;
            int j = 0;
            for (; j + LANES <= width; j += LANES) {
                FloatVector.fromArray(S, tile, row + j).intoMemorySegment(c, at + 4L * j, ORDER);
            }
            for (; j < width; j++) {
                c.set(FLOAT, at + 4L * j, tile[row + j]);
            }
        }
    }
}
