package candor.ops.cuda;

import candor.ops.weight.FrozenWeight;
import candor.ops.weight.PlainForm;
import candor.ops.weight.TrainedWeight;
import candor.ops.weight.Weight;
import candor.ops.weight.WeightForm;
import candor.tensor.DType;
import candor.tensor.Tensor;

/**
 * A frozen weight on the device.
 *
 * @param tensor (O, I), of the activations' type
 */
record DeviceWeight(Tensor tensor) implements FrozenWeight {
    /**
     * What kernels read of a weight, or null for none.
     *
     * @throws IllegalArgumentException where the weight is not on the device
     */
    static Tensor tensor(Weight weight) {
        return switch (weight) {
            case null -> null;
            case DeviceWeight here -> here.tensor;
            case TrainedWeight trained -> trained.value();
            case FrozenWeight elsewhere ->
                throw new IllegalArgumentException("not on the device: a weight of " + elsewhere.shape());
        };
    }

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
        return PlainForm.of(tensor.dtype());
    }

    @Override
    public boolean fits(DType activations) {
        return tensor.dtype() == activations;
    }
}
