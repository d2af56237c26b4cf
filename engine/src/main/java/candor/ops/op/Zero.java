package candor.ops.op;

import candor.tensor.DType;
import candor.tensor.Tensor;

/**
 * y = 0.
 *
 * @param y of activations, or float32
 */
public record Zero(Tensor y) implements Op {
    @Override
    public String name() {
        return "zero";
    }

    @Override
    public void check(DType activations) {
        if (y.dtype() != activations) {
            Operands.f32(name(), y);
        }
    }

    @Override
    public int rows() {
        return y.rows();
    }

    @Override
    public long bytes() {
        return Operands.bytes(y);
    }
}
