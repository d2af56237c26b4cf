package candor.ops.cpu;

import candor.ops.weight.StoredWeight;
import candor.tensor.Tensor;

/** How operations lay out what they multiply with, in panels of {@link TileShape#COLUMNS} columns. */
sealed interface PanelLayout permits FloatLayout, PairLayout {
    /** Elements of 32 bits of one panel of this depth. */
    int floats(int depth);

    /**
     * B = scale · wᵀ: column j of the panel is row {@code row + j} of w.
     *
     * @param w    (rows, depth) float32
     * @param row  the first row of w in this panel
     * @param col  the first of the {@code depth} columns of w
     * @param rows how many rows of w, at most {@link TileShape#COLUMNS}
     */
    void transposed(float[] to, int at, Tensor w, int row, int col, int rows, int depth, float scale);

    /**
     * B = scale · w: row p of the panel is row {@code row + p} of w, from column {@code col} on.
     *
     * @param w    float32
     * @param col  the first column of w in this panel
     * @param cols how many columns of w, at most {@link TileShape#COLUMNS}
     */
    void natural(float[] to, int at, Tensor w, int row, int depth, int col, int cols, float scale);

    /** A weight as this layout has it. */
    PanelSource source(StoredWeight weight);
}
