package candor.ops.cpu;

import static candor.ops.cpu.TileShape.COLUMNS;

import candor.ops.weight.Bf16Weight;
import candor.ops.weight.F32Weight;
import candor.ops.weight.StoredWeight;
import candor.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/**
 * Panels of pairs of a weight. Packed weights are kept in their own codes all the same, which products widen to pairs; any other is kept in
 * pairs.
 *
 * @param plain the weight's tensor where it is float32 or bf16, else null
 * @param w     its panels of float32
 */
record PairSource(PairLayout layout, Tensor plain, PanelSource w) implements PanelSource {
    static PanelSource of(StoredWeight weight, PairLayout layout) {
        Tensor plain =
                switch (weight) {
                    case F32Weight one -> one.tensor();
                    case Bf16Weight one -> one.tensor();
                    default -> null;
                };
        return new PairSource(layout, plain, FloatLayout.ROUNDED.source(weight));
    }

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
        transposed(MemorySegment.ofArray(to), at, row, rows);
    }

    private void transposed(MemorySegment to, int at, int row, int rows) {
        if (plain != null) {
            layout.transposed(to, at, plain, row, 0, rows, w.cols(), 1f);
            return;
        }
        float[] wide = new float[Panels.floats(w.cols())];
        w.transposed(wide, 0, row, rows);
        pair(to, at, wide, w.cols());
    }

    @Override
    public void natural(float[] to, int at, int row, int depth, int col, int cols) {
        natural(MemorySegment.ofArray(to), at, row, depth, col, cols);
    }

    private void natural(MemorySegment to, int at, int row, int depth, int col, int cols) {
        if (plain != null) {
            layout.natural(to, at, plain, row, depth, col, cols, 1f);
            return;
        }
        float[] wide = new float[Panels.floats(depth)];
        w.natural(wide, 0, row, depth, col, cols);
        pair(to, at, wide, depth);
    }

    /** A panel of values of bf16, as pairs. */
    private static void pair(MemorySegment to, int at, float[] wide, int depth) {
        for (int p = 0; p < depth; p += 2) {
            for (int j = 0; j < COLUMNS; j++) {
                int lower = Float.floatToRawIntBits(wide[p * COLUMNS + j]) >>> 16;
                int upper = p + 1 < depth ? Float.floatToRawIntBits(wide[(p + 1) * COLUMNS + j]) : 0;
                to.set(TileShape.BITS, 4L * (at + p / 2 * COLUMNS + j), lower | upper & 0xffff0000);
            }
        }
    }

    @Override
    public int stride(int depth) {
        return w instanceof PackedSource ? w.stride(depth) : PairPanels.stride(depth);
    }

    @Override
    public Layout forward() {
        if (w instanceof PackedSource) {
            return w.forward();
        }
        PairPanels to = PairPanels.zeros(Panels.count(rows()), cols());
        MemorySegment memory = to.memory();
        return new Layout(
                to, panel -> transposed(memory, panel * to.stride(), panel * COLUMNS, Panels.width(rows(), panel)));
    }

    @Override
    public Layout backward() {
        if (w instanceof PackedSource) {
            return w.backward();
        }
        PairPanels to = PairPanels.zeros(Panels.count(cols()), rows());
        MemorySegment memory = to.memory();
        return new Layout(
                to,
                panel -> natural(memory, panel * to.stride(), 0, rows(), panel * COLUMNS, Panels.width(cols(), panel)));
    }
}
