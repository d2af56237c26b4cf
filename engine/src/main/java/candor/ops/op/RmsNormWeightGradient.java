package candor.ops.op;

import candor.tensor.DType;
import candor.tensor.Tensor;

/**
 * The gradient of a norm's weight where it is trained: dw += Σ over tokens and groups of dy · x · rstd. Comes before
 * {@link RmsNormBackward} where that writes over {@code dy}.
 *
 * @param dw   (1, D) +=
 * @param dy   (N, G·D)
 * @param x    (N, G·D), the input of the forward pass
 * @param rstd (N, G), from the forward pass
 */
public record RmsNormWeightGradient(Tensor dw, Tensor dy, Tensor x, Tensor rstd) implements Op {
    @Override
    public String name() {
        return "rmsNormWeightGradient";
    }

    @Override
    public void check(DType activations) {
        RmsNorm.check(name(), activations, dy, x, dw, rstd);
    }

    @Override
    public int rows() {
        return dy.rows();
    }

    @Override
    public long bytes() {
        return Operands.bytes(dw, dy, x, rstd);
    }
}
