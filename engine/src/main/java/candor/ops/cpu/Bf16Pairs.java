package candor.ops.cpu;

import static candor.ops.cpu.TileShape.COLUMNS;
import static candor.ops.cpu.TileShape.LANES;
import static candor.ops.cpu.TileShape.S;

import candor.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Panels of a bf16 matrix in half the memory. A row of a panel is one vector of ints, whose lane l holds column l in its lower
 * half and column LANES + l in its upper: so a shift and a mask make two vectors of float32 of it, of the very same values.
 * Twice as many weights fit the budget of {@link FrozenPanels}, and half as many bytes come from memory; where the caches hold all
 * weights it makes no difference.
 */
record Bf16Pairs(int[] pairs, int stride, MemorySegment memory) implements NarrowPanels {
    private Bf16Pairs(int[] pairs, int stride) {
        this(pairs, stride, MemorySegment.ofArray(pairs));
    }

    private static final VectorSpecies<Integer> I = S.withLanes(int.class).check(int.class);

    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;

    /** What is float32 of a pair's upper half. */
    private static final int UPPER = 0xFFFF0000;

    /** Ints of one panel of this depth. */
    static int stride(int depth) {
        return Math.multiplyExact(depth, LANES);
    }

    static Bf16Pairs zeros(int panels, int depth) {
        return new Bf16Pairs(new int[panels * stride(depth)], stride(depth));
    }

    @Override
    public int row() {
        return LANES;
    }

    /**
     * Fills a panel of wᵀ: its column j is row {@code row + j} of w (O,I).
     *
     * @param rows at most {@link TileShape#COLUMNS}
     */
    void transposed(int panel, Tensor w, int row, int rows) {
        for (int p = 0; p < w.cols(); p += Panels.DEPTH) {
            int n = Math.min(Panels.DEPTH, w.cols() - p);
            for (int l = 0; l < LANES; l++) {
                int target = panel * stride + p * LANES + l;
                if (l + LANES < rows) {
                    scatter(pairs, target, w.data(), w.offset(row + l, p), w.offset(row + l + LANES, p), n);
                } else if (l < rows) {
                    scatterLower(pairs, target, w.data(), w.offset(row + l, p), n);
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
     * Fills a panel of w: its row p is row p of w (O,I), from column {@code col} on.
     *
     * @param cols at most {@link TileShape#COLUMNS}
     */
    void natural(int panel, Tensor w, int col, int cols) {
        int at = panel * stride;
        for (int p = 0; p < w.rows(); p++) {
            long from = w.offset(p, col);
            for (int l = 0; l < Math.min(LANES, cols); l++) {
                int upper = l + LANES < cols ? w.data().get(SHORT, from + 2L * (l + LANES)) << 16 : 0;
                pairs[at + p * LANES + l] = w.data().get(SHORT, from + 2L * l) & 0xFFFF | upper;
            }
        }
    }

    /**
     * Fills a panel from one of float32.
     *
     * @param wide values of bf16, {@code depth} rows of {@link TileShape#COLUMNS}
     */
    void fill(int panel, float[] wide, int depth) {
        int at = panel * stride;
        for (int p = 0; p < depth; p++) {
            IntVector lower = FloatVector.fromArray(S, wide, p * COLUMNS).reinterpretAsInts();
            IntVector upper =
                    FloatVector.fromArray(S, wide, p * COLUMNS + LANES).reinterpretAsInts();
            lower.lanewise(VectorOperators.LSHR, 16).or(upper).intoArray(pairs, at + p * LANES);
        }
    }

    @Override
    public void widen(float[] to, int at, int depth) {
        widen(to, pairs, at, depth);
    }

    private static void widen(float[] to, int[] pairs, int at, int depth) {
        for (int p = 0; p < depth; p++) {
            IntVector both = IntVector.fromArray(I, pairs, at + p * LANES);
            both.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().intoArray(to, p * COLUMNS);
            both.and(UPPER).reinterpretAsFloats().intoArray(to, p * COLUMNS + LANES);
        }
    }
}
