package candor.ops.cpu;

import candor.ops.weight.StoredWeight;
import candor.tensor.Tensor;

/** Panels of float32, whose values are those of the matrix, or these rounded to bf16. */
enum FloatLayout implements PanelLayout {
    EXACT,
    ROUNDED;

    @Override
    public int floats(int depth) {
        return Panels.floats(depth);
    }

    @Override
    public void transposed(float[] to, int at, Tensor w, int row, int col, int rows, int depth, float scale) {
        Panels.transposed(to, at, w, row, col, rows, depth, scale, this == ROUNDED);
    }

    @Override
    public void natural(float[] to, int at, Tensor w, int row, int depth, int col, int cols, float scale) {
        Panels.natural(to, at, w, row, depth, col, cols, scale, this == ROUNDED);
    }

    @Override
    public PanelSource source(StoredWeight weight) {
        PanelSource source = PanelSource.plain(weight);
        boolean rounded = source instanceof Bf16Source || source instanceof PackedSource;
        return this == EXACT || rounded ? source : new RoundedSource(source);
    }
}
