package candor.ops.op;

import candor.ops.Write;
import candor.tensor.DType;
import candor.tensor.Tensor;

/**
 * dx = or += rstd · (w·dy − x̂ · mean(w·dy·x̂)), with x̂ = x·rstd, in each group of D columns.
 *
 * @param dx   (N, G·D); may be {@code dy} itself with {@link Write#SET}
 * @param dy   (N, G·D)
 * @param x    (N, G·D), the input of the forward pass
 * @param w    (1, D)
 * @param rstd (N, G), from the forward pass
 */
public record RmsNormBackward(Tensor dx, Tensor dy, Tensor x, Tensor w, Tensor rstd, Write write) implements Op {
    @Override
    public String name() {
        return "rmsNormBackward";
    }

    @Override
    public void check(DType activations) {
        RmsNorm.check(name(), activations, dx, x, w, rstd);
        Operands.same(name(), dx, dy);
    }

    @Override
    public int rows() {
        return dx.rows();
    }

    @Override
    public long bytes() {
        return Operands.bytes(dx, dy, x, w, rstd);
    }
}
