package candor.ops.cpu;

import static candor.ops.cpu.TileShape.COLUMNS;

/** Panels of a weight whose values are rounded to bf16 as they are packed: kept as pairs ({@link Bf16Pairs}). */
record RoundedSource(PanelSource w) implements PanelSource {
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
        w.transposed(to, at, row, rows);
        Bf16.round(to, at, Panels.floats(w.cols()));
    }

    @Override
    public void natural(float[] to, int at, int row, int depth, int col, int cols) {
        w.natural(to, at, row, depth, col, cols);
        Bf16.round(to, at, Panels.floats(depth));
    }

    @Override
    public int stride(int depth) {
        return Bf16Pairs.stride(depth);
    }

    @Override
    public Layout forward() {
        Bf16Pairs to = Bf16Pairs.zeros(Panels.count(rows()), cols());
        return new Layout(to, panel -> {
            float[] wide = new float[Panels.floats(cols())];
            transposed(wide, 0, panel * COLUMNS, Panels.width(rows(), panel));
            to.fill(panel, wide, cols());
        });
    }

    @Override
    public Layout backward() {
        Bf16Pairs to = Bf16Pairs.zeros(Panels.count(cols()), rows());
        return new Layout(to, panel -> {
            float[] wide = new float[Panels.floats(rows())];
            natural(wide, 0, 0, rows(), panel * COLUMNS, Panels.width(cols(), panel));
            to.fill(panel, wide, rows());
        });
    }
}
