package candor.ops.cpu;

import static candor.ops.cpu.TileKernels.COLUMNS;
import static candor.ops.cpu.TileKernels.FLOAT;
import static candor.ops.cpu.TileKernels.ORDER;
import static candor.ops.cpu.TileKernels.S;

import candor.tensor.DType;
import candor.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;

/**
 * Lays a matrix out as the tile kernels read B: panels of {@link TileKernels#COLUMNS} columns, each panel row after row,
 * in float32, columns beyond the matrix zero. Packing turns bf16 and f16 into float32 on the way.
 */
final class Panels {
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;

    /** Depth of a block whose scattered writes stay in the first-level cache. */
    private static final int DEPTH = 64;

    private Panels() {}

    /** Panels that hold {@code columns} columns. */
    static int count(int columns) {
        return Math.ceilDiv(columns, COLUMNS);
    }

    /** Bytes of one panel of this depth. */
    static long bytes(int depth) {
        return (long) depth * COLUMNS * Float.BYTES;
    }

    /**
     * B = scale · wᵀ: column j of the panel is row {@code row + j} of w.
     *
     * @param w    (rows, depth)
     * @param row  the first row of w in this panel
     * @param col  the first of the {@code depth} columns of w
     * @param rows how many rows of w, at most {@link TileKernels#COLUMNS}
     */
    static void transposed(MemorySegment to, long at, Tensor w, int row, int col, int rows, int depth, float scale) {
        for (int p0 = 0; p0 < depth; p0 += DEPTH) {
            int p1 = Math.min(depth, p0 + DEPTH);
            for (int j = 0; j < COLUMNS; j++) {
                long target = at + ((long) p0 * COLUMNS + j) * Float.BYTES;
                if (j < rows) {
                    scatter(to, target, w, w.offset(row + j, col + p0), p1 - p0, scale);
                } else {
                    scatterZero(to, target, p1 - p0);
                }
            }
        }
    }

    private static void scatter(MemorySegment to, long at, Tensor w, long from, int n, float scale) {
        MemorySegment data = w.data();
        long step = (long) COLUMNS * Float.BYTES;
        switch (w.dtype()) {
            case F32 -> {
                for (int p = 0; p < n; p++) {
                    to.set(FLOAT, at + p * step, scale * data.get(FLOAT, from + 4L * p));
                }
            }
            case BF16 -> {
                for (int p = 0; p < n; p++) {
                    to.set(FLOAT, at + p * step, scale * DType.bf16ToFloat(data.get(SHORT, from + 2L * p)));
                }
            }
            case F16 -> {
                for (int p = 0; p < n; p++) {
                    to.set(FLOAT, at + p * step, scale * Float.float16ToFloat(data.get(SHORT, from + 2L * p)));
                }
            }
            default -> throw new IllegalArgumentException("no matrix of " + w.dtype());
        }
    }

    private static void scatterZero(MemorySegment to, long at, int n) {
        for (int p = 0; p < n; p++) {
            to.set(FLOAT, at + (long) p * COLUMNS * Float.BYTES, 0f);
        }
    }

    /**
     * B = scale · w: row p of the panel is row {@code row + p} of w, from column {@code col} on.
     *
     * @param col  the first column of w in this panel
     * @param cols how many columns of w, at most {@link TileKernels#COLUMNS}
     */
    static void natural(MemorySegment to, long at, Tensor w, int row, int depth, int col, int cols, float scale) {
        for (int p = 0; p < depth; p++) {
            long target = at + (long) p * COLUMNS * Float.BYTES;
            toFloats(to, target, w, w.offset(row + p, col), cols, scale);
            for (int j = cols; j < COLUMNS; j++) {
                to.set(FLOAT, target + 4L * j, 0f);
            }
        }
    }

    /** Copies {@code n} neighbouring elements as float32. */
    static void toFloats(MemorySegment to, long at, Tensor w, long from, int n, float scale) {
        MemorySegment data = w.data();
        switch (w.dtype()) {
            case F32 -> {
                if (scale == 1f) {
                    MemorySegment.copy(data, from, to, at, (long) n * Float.BYTES);
                    return;
                }
                for (int j = 0; j < n; j++) {
                    to.set(FLOAT, at + 4L * j, scale * data.get(FLOAT, from + 4L * j));
                }
            }
            case BF16 -> {
                for (int j = 0; j < n; j++) {
                    to.set(FLOAT, at + 4L * j, scale * DType.bf16ToFloat(data.get(SHORT, from + 2L * j)));
                }
            }
            case F16 -> {
                for (int j = 0; j < n; j++) {
                    to.set(FLOAT, at + 4L * j, scale * Float.float16ToFloat(data.get(SHORT, from + 2L * j)));
                }
            }
            default -> throw new IllegalArgumentException("no matrix of " + w.dtype());
        }
    }

    /** Clears {@code bytes} bytes, a multiple of a panel's row. */
    static void zero(MemorySegment to, long at, long bytes) {
        FloatVector none = FloatVector.zero(S);
        long step = S.vectorByteSize();
        for (long end = at + bytes; at < end; at += step) {
            none.intoMemorySegment(to, at, ORDER);
        }
    }
}
