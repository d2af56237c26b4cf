package candor.ops.cpu;

import static candor.ops.cpu.TileShape.COLUMNS;
import static candor.ops.cpu.TileShape.LANES;
import static candor.ops.cpu.TileShape.ORDER;
import static candor.ops.cpu.TileShape.S;

import candor.tensor.DType;
import candor.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.Vector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** Panels of bf16: kept as pairs, else widened as they are packed. */
record Bf16Source(Tensor w) implements PanelSource {
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;

    private static final VectorSpecies<Integer> INTS = S.withLanes(int.class).check(int.class);

    /** As many shorts. */
    private static final VectorSpecies<Short> HALF =
            VectorSpecies.of(short.class, VectorShape.forBitSize(S.vectorBitSize() / 2));

    @Override
    public int rows() {
        return w.rows();
    }

    @Override
    public int cols() {
        return w.cols();
    }

    @Override
    public void transposed(float[] to, int at, int row, int rows) {
        for (int p0 = 0; p0 < w.cols(); p0 += Panels.DEPTH) {
            int n = Math.min(Panels.DEPTH, w.cols() - p0);
            for (int j = 0; j < COLUMNS; j++) {
                int target = at + p0 * COLUMNS + j;
                if (j < rows) {
                    scatter(to, target, w.data(), w.offset(row + j, p0), n);
                } else {
                    Panels.scatterZero(to, target, n);
                }
            }
        }
    }

    private static void scatter(float[] to, int at, MemorySegment w, long from, int n) {
        for (int p = 0; p < n; p++) {
            to[at + p * COLUMNS] = DType.bf16ToFloat(w.get(SHORT, from + 2L * p));
        }
    }

    @Override
    public void natural(float[] to, int at, int row, int depth, int col, int cols) {
        if (cols == COLUMNS) {
            wholeRows(to, at, w.data(), w.offset(row, col), w.stride() * Short.BYTES, depth);
            return;
        }
        for (int p = 0; p < depth; p++) {
            int target = at + p * COLUMNS;
            long from = w.offset(row + p, col);
            for (int j = 0; j < cols; j++) {
                to[target + j] = DType.bf16ToFloat(w.data().get(SHORT, from + 2L * j));
            }
            Arrays.fill(to, target + cols, target + COLUMNS, 0f);
        }
    }

    /** Rows of two vectors. */
    private static void wholeRows(float[] to, int at, MemorySegment from, long fromAt, long stride, int depth) {
        for (int p = 0; p < depth; p++) {
            long source = fromAt + p * stride;
            int target = at + p * COLUMNS;
            widened(from, source).intoArray(to, target);
            widened(from, source + 2L * LANES).intoArray(to, target + LANES);
        }
    }

    /** A vector of bf16, which is the upper half of float32. */
    private static FloatVector widened(MemorySegment from, long at) {
        Vector<Integer> bits = ShortVector.fromMemorySegment(HALF, from, at, ORDER)
                .convertShape(VectorOperators.ZERO_EXTEND_S2I, INTS, 0);
        return bits.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
    }

    @Override
    public int stride(int depth) {
        return Bf16Pairs.stride(depth);
    }

    @Override
    public Layout forward() {
        Bf16Pairs to = Bf16Pairs.zeros(Panels.count(rows()), cols());
        return new Layout(to, panel -> to.transposed(panel, w, panel * COLUMNS, Panels.width(rows(), panel)));
    }

    @Override
    public Layout backward() {
        Bf16Pairs to = Bf16Pairs.zeros(Panels.count(cols()), rows());
        return new Layout(to, panel -> to.natural(panel, w, panel * COLUMNS, Panels.width(cols(), panel)));
    }
}
