package candor.ops.cpu;

import static candor.ops.cpu.TileKernels.COLUMNS;
import static candor.ops.cpu.TileKernels.FLOAT;
import static candor.ops.cpu.TileKernels.LANES;
import static candor.ops.cpu.TileKernels.ORDER;
import static candor.ops.cpu.TileKernels.S;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/** Moves a tile of C between memory and the array that the tile kernels work on; the last columns may be missing. */
final class Tile {
    private Tile() {}

    /** tile = C. Columns that C does not have keep what they held, which nobody reads. */
    static void load(float[] tile, MemorySegment c, long at, long stride, int rows, int width) {
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

    /** C = tile. */
    static void store(float[] tile, MemorySegment c, long at, long stride, int rows, int width) {
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
