package candor.ops.cuda;

import candor.ops.weight.FrozenWeight;
import candor.ops.weight.PlainForm;
import candor.ops.weight.StoredWeight;
import candor.ops.weight.TrainedWeight;
import candor.ops.weight.Weight;
import candor.ops.weight.WeightForm;
import candor.ops.weight.WeightImage;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.lang.foreign.MemorySegment;

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

    /** A weight of any form as bf16, row after row. */
    static WeightImage image(StoredWeight w) {
        long rowBytes = (long) w.cols() * DType.BF16.bytes();
        return new WeightImage() {
            @Override
            public long bytes() {
                return Device.aligned(w.rows() * rowBytes);
            }

            @Override
            public void write(MemorySegment to) {
                for (int row = 0; row < w.rows(); row++) {
                    w.roundToBf16(to, row * rowBytes, row, 0, w.cols());
                }
            }

            @Override
            public FrozenWeight at(MemorySegment address) {
                return new DeviceWeight(Tensor.of(address, DType.BF16, w.rows(), w.cols()));
            }
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
