package candor.ops.weight;

import candor.tensor.DType;
import candor.tensor.Tensor;

/**
 * A weight that is trained: every step changes its values, so nobody keeps them in another order.
 *
 * @param value    (O, I) float32, in memory of the backend
 * @param gradient (O, I) float32, the same there
 */
public record TrainedWeight(Tensor value, Tensor gradient) implements Weight {
    @Override
    public int rows() {
        return value.rows();
    }

    @Override
    public int cols() {
        return value.cols();
    }

    @Override
    public WeightForm form() {
        return PlainForm.of(value.dtype());
    }

    @Override
    public boolean fits(DType activations) {
        return activations == value.dtype();
    }
}
