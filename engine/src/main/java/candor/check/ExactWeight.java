package candor.check;

import candor.ops.weight.StoredWeight;
import candor.ops.weight.WeightForm;
import candor.tensor.Tensor;

/** The values that a weight stands for, in float64: what {@link Reference} computes with. */
record ExactWeight(Tensor tensor) implements StoredWeight {
    private static final WeightForm FORM = (rows, cols) -> rows * cols * Double.BYTES;

    @Override
    public int rows() {
        return tensor.rows();
    }

    @Override
    public int cols() {
        return tensor.cols();
    }

    @Override
    public WeightForm form() {
        return FORM;
    }

    @Override
    public double get(int row, int col) {
        return tensor.get(row, col);
    }

    @Override
    public void widen(float[] to, int at, int row, int col, int count) {
        for (int i = 0; i < count; i++) {
            to[at + i] = (float) get(row, col + i);
        }
    }
}
