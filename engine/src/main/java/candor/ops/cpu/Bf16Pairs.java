package candor.ops.cpu;

import static candor.ops.cpu.TileShape.COLUMNS;
import static candor.ops.cpu.TileShape.LANES;
import static candor.ops.cpu.TileShape.S;

import candor.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Panels of a bf16 matrix in half the memory. A row of a panel is one vector of ints, whose lane l holds column l in its lower
 * half and column LANES + l in its upper: so a shift and a mask make two vectors of float32 of it, of the very same values.
 * A piece of a panel is widened to an array of a thread's own, once for all rows of a block, and read from there. Twice as
 * many weights fit the budget of {@link FrozenPanels}, and half as many bytes come from memory; where the caches hold all
 * weights it makes no difference.
 */
final class Bf16Pairs {
    private static final VectorSpecies<Integer> I = S.withLanes(int.class).check(int.class);

    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;

    /** What is float32 of a pair's upper half. */
    private static final int UPPER = 0xFFFF0000;

    /** Depth of a block whose scattered writes stay in the first-level cache, as in {@link Panels}. */
    private static final int DEPTH = 64;

    private Bf16Pairs() {}

    /** Ints of one panel of this depth. */
    static int ints(int depth) {
        return Math.multiplyExact(depth, LANES);
    }

    /**
     * B = wᵀ: column j of the panel is row {@code row + j} of w (O,I).
     *
     * @param to   zeros
     * @param rows at most {@link TileShape#COLUMNS}
     */
    static void transposed(int[] to, int at, Tensor w, int row, int rows) {
        for (int p = 0; p < w.cols(); p += DEPTH) {
            int n = Math.min(DEPTH, w.cols() - p);
            for (int l = 0; l < LANES; l++) {
                int target = at + p * LANES + l;
                if (l + LANES < rows) {
                    scatter(to, target, w.data(), w.offset(row + l, p), w.offset(row + l + LANES, p), n);
                } else if (l < rows) {
                    scatterLower(to, target, w.data(), w.offset(row + l, p), n);
                } // else zero, as the array came
            }
        }
    }

    private static void scatter(int[] to, int at, MemorySegment w, long lower, long upper, int n) {
        for (int p = 0; p < n; p++) {
            to[at + p * LANES] = w.get(SHORT, lower + 2L * p) & 0xFFFF | w.get(SHORT, upper + 2L * p) << 16;
        }
    }

    private static void scatterLower(int[] to, int at, MemorySegment w, long lower, int n) {
        for (int p = 0; p < n; p++) {
            to[at + p * LANES] = w.get(SHORT, lower + 2L * p) & 0xFFFF;
        }
    }

    /**
     * B = w: row p of the panel is row p of w (O,I), from column {@code col} on.
     *
     * @param to   zeros
     * @param cols at most {@link TileShape#COLUMNS}
     */
    static void natural(int[] to, int at, Tensor w, int col, int cols) {
        for (int p = 0; p < w.rows(); p++) {
            long from = w.offset(p, col);
            for (int l = 0; l < Math.min(LANES, cols); l++) {
                int upper = l + LANES < cols ? w.data().get(SHORT, from + 2L * (l + LANES)) << 16 : 0;
                to[at + p * LANES + l] = w.data().get(SHORT, from + 2L * l) & 0xFFFF | upper;
            }
        }
    }

    /** {@code depth} rows of a panel, from {@code at} on, as float32 from the beginning of {@code to} on. */
    static void widen(float[] to, int[] pairs, int at, int depth) {
        for (int p = 0; p < depth; p++) {
            IntVector both = IntVector.fromArray(I, pairs, at + p * LANES);
            both.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().intoArray(to, p * COLUMNS);
            both.and(UPPER).reinterpretAsFloats().intoArray(to, p * COLUMNS + LANES);
        }
    }
}
