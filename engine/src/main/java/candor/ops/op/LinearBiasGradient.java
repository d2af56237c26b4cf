package candor.ops.op;

import candor.tensor.DType;
import candor.tensor.Tensor;

/**
 * The gradient of a linear layer's bias where it is trained: db += the sum of the rows of dy, in their order.
 *
 * @param db (1, O) +=
 * @param dy (N, O)
 */
public record LinearBiasGradient(Tensor db, Tensor dy) implements Op {
    @Override
    public String name() {
        return "linearBiasGradient";
    }

    @Override
    public void check(DType activations) {
        Operands.type(name(), activations, dy);
        Operands.shape(name(), DType.F32, db, 1, dy.cols());
    }

    @Override
    public int rows() {
        return dy.rows();
    }

    @Override
    public long bytes() {
        return Operands.bytes(db, dy);
    }
}
