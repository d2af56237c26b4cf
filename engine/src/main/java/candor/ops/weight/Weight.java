package candor.ops.weight;

import candor.tensor.DType;
import candor.tensor.Tensor;

/** A matrix (O, I) that operations multiply with or take rows of. */
public sealed interface Weight permits FrozenWeight, TrainedWeight {
    /** O. */
    int rows();

    /** I. */
    int cols();

    /** How its elements are stored. */
    WeightForm form();

    /** Whether operations read it beside activations of this type. */
    boolean fits(DType activations);

    /** (O, I) float32, the gradient that is added to where it is trained; null where it is frozen. */
    default Tensor gradient() {
        return null;
    }

    /** Bytes of all of it. */
    default long bytes() {
        return bytesOfRows(rows());
    }

    /** Bytes of so many of its rows. */
    default long bytesOfRows(long count) {
        return form().bytes(count, cols());
    }

    /** "BF16 3 x 41", for messages. */
    default String shape() {
        return form() + " " + rows() + " x " + cols();
    }
}
