package candor.ops.op;

import candor.tensor.DType;
import candor.tensor.Tensor;

/**
 * The gradient of a linear layer's weight where it is trained: dw += dyᵀ x, a sum over the tokens in their order.
 *
 * @param dw (O, I) +=
 * @param dy (N, O)
 * @param x  (N, I), the input of the forward pass
 */
public record LinearWeightGradient(Tensor dw, Tensor dy, Tensor x) implements Op {
    @Override
    public String name() {
        return "linearWeightGradient";
    }

    @Override
    public String label() {
        return Linear.shaped(name(), x.cols(), dy.cols());
    }

    @Override
    public void check(DType activations) {
        Operands.type(name(), activations, dy);
        Operands.type(name(), activations, x);
        Operands.require(dy.rows() == x.rows(), name(), dy, x);
        Operands.shape(name(), DType.F32, dw, dy.cols(), x.cols());
    }

    @Override
    public int rows() {
        return dy.rows();
    }

    @Override
    public long flops() {
        return Operands.product(x, dw.rows(), dw.cols());
    }

    @Override
    public long bytes() {
        return Operands.bytes(dw, dy, x);
    }
}
