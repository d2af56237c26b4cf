package candor.ops.op;

import candor.tensor.DType;
import candor.tensor.Tensor;

/**
 * y += x: gradients of one micro-batch to those of others.
 *
 * @param y (N,C) float32
 * @param x (N,C) float32
 */
public record Accumulate(Tensor y, Tensor x) implements Op {
    @Override
    public String name() {
        return "accumulate";
    }

    @Override
    public void check(DType activations) {
        Operands.f32(name(), y);
        Operands.f32(name(), x);
        Operands.require(y.rows() == x.rows() && y.cols() == x.cols(), name(), y, x);
    }

    @Override
    public int rows() {
        return y.rows();
    }

    /** y is read and written. */
    @Override
    public long bytes() {
        return 2 * Operands.bytes(y) + Operands.bytes(x);
    }
}
