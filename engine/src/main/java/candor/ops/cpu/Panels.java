package candor.ops.cpu;

import static candor.ops.cpu.TileShape.COLUMNS;
import static candor.ops.cpu.TileShape.FLOAT;
import static candor.ops.cpu.TileShape.LANES;
import static candor.ops.cpu.TileShape.ORDER;
import static candor.ops.cpu.TileShape.S;

import candor.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/**
 * Lays a matrix out as {@link PanelKernels} read B: panels of {@link TileShape#COLUMNS} columns, each panel row after row,
 * in float32, columns beyond the matrix zero; rounded to values of bf16 where that is asked for. The matrix is float32; of weights
 * of any form, {@link PanelSource} makes panels.
 */
final class Panels {
    /** Depth of a block whose scattered writes stay in the first-level cache. */
    static final int DEPTH = 64;

    private Panels() {}

    /** Panels that hold {@code columns} columns. */
    static int count(int columns) {
        return Math.ceilDiv(columns, COLUMNS);
    }

    /** Columns of one of the panels that hold so many. */
    static int width(int columns, int panel) {
        return Math.min(COLUMNS, columns - panel * COLUMNS);
    }

    /** Floats of one panel of this depth. */
    static int floats(int depth) {
        return Math.multiplyExact(depth, COLUMNS);
    }

    /**
     * B = scale · wᵀ: column j of the panel is row {@code row + j} of w.
     *
     * @param w    (rows, depth) float32
     * @param row  the first row of w in this panel
     * @param col  the first of the {@code depth} columns of w
     * @param rows how many rows of w, at most {@link TileShape#COLUMNS}
     * @param rounded to bf16
     */
    static void transposed(
            float[] to, int at, Tensor w, int row, int col, int rows, int depth, float scale, boolean rounded) {
        transposed(to, at, w, row, col, rows, depth, scale);
        if (rounded) {
            Bf16.round(to, at, floats(depth));
        }
    }

    private static void transposed(float[] to, int at, Tensor w, int row, int col, int rows, int depth, float scale) {
        for (int p0 = 0; p0 < depth; p0 += DEPTH) {
            int n = Math.min(depth - p0, DEPTH);
            for (int j = 0; j < COLUMNS; j++) {
                int target = at + p0 * COLUMNS + j;
                if (j < rows) {
                    scatter(to, target, w, w.offset(row + j, col + p0), n, scale);
                } else {
                    scatterZero(to, target, n);
                }
            }
        }
    }

    private static void scatter(float[] to, int at, Tensor w, long from, int n, float scale) {
        MemorySegment data = w.data();
        for (int p = 0; p < n; p++) {
            to[at + p * COLUMNS] = scale * data.get(FLOAT, from + 4L * p);
        }
    }

    static void scatterZero(float[] to, int at, int n) {
        for (int p = 0; p < n; p++) {
            to[at + p * COLUMNS] = 0f;
        }
    }

    /**
     * B = scale · w: row p of the panel is row {@code row + p} of w, from column {@code col} on.
     *
     * @param w    float32
     * @param col  the first column of w in this panel
     * @param cols how many columns of w, at most {@link TileShape#COLUMNS}
     * @param rounded to bf16
     */
    static void natural(
            float[] to, int at, Tensor w, int row, int depth, int col, int cols, float scale, boolean rounded) {
        natural(to, at, w, row, depth, col, cols, scale);
        if (rounded) {
            Bf16.round(to, at, floats(depth));
        }
    }

    private static void natural(float[] to, int at, Tensor w, int row, int depth, int col, int cols, float scale) {
        if (cols == COLUMNS) {
            wholeRows(to, at, w.data(), w.offset(row, col), w.stride() * Float.BYTES, depth, scale);
            return;
        }
        for (int p = 0; p < depth; p++) {
            int target = at + p * COLUMNS;
            toFloats(to, target, w, w.offset(row + p, col), cols, scale);
            Arrays.fill(to, target + cols, target + COLUMNS, 0f);
        }
    }

    /** Rows of two vectors. */
    private static void wholeRows(
            float[] to, int at, MemorySegment from, long fromAt, long stride, int depth, float scale) {
        for (int p = 0; p < depth; p++) {
            long source = fromAt + p * stride;
            int target = at + p * COLUMNS;
            FloatVector.fromMemorySegment(S, from, source, ORDER).mul(scale).intoArray(to, target);
            FloatVector.fromMemorySegment(S, from, source + 4L * LANES, ORDER)
                    .mul(scale)
                    .intoArray(to, target + LANES);
        }
    }

    /** Copies {@code n} neighbouring elements. */
    private static void toFloats(float[] to, int at, Tensor w, long from, int n, float scale) {
        MemorySegment data = w.data();
        for (int j = 0; j < n; j++) {
            to[at + j] = scale * data.get(FLOAT, from + 4L * j);
        }
    }
}
