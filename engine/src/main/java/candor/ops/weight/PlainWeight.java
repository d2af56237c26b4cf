package candor.ops.weight;

import candor.tensor.Tensor;

/** A weight stored as one number after another. */
public sealed interface PlainWeight extends StoredWeight permits F32Weight, Bf16Weight, F16Weight {
    /** (O, I), in the memory of its file. */
    Tensor tensor();

    @Override
    default int rows() {
        return tensor().rows();
    }

    @Override
    default int cols() {
        return tensor().cols();
    }

    @Override
    default WeightForm form() {
        return PlainForm.of(tensor().dtype());
    }
}
