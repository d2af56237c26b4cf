package candor.ops.cpu;

import candor.tensor.Tensor;

/** Panels of float32, of weights that are frozen or trained. */
record F32Source(Tensor w) implements PanelSource {
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
        Panels.transposed(to, at, w, row, 0, rows, w.cols(), 1f, false);
    }

    @Override
    public void natural(float[] to, int at, int row, int depth, int col, int cols) {
        Panels.natural(to, at, w, row, depth, col, cols, 1f, false);
    }
}
