package candor.ops.op;

import candor.tensor.DType;
import candor.tensor.Tensor;

/**
 * Root-mean-square norm (Zhang and Sennrich 2019) of each group of D columns: y = x · rstd · w, with
 * rstd = 1/√(mean(x²) + eps). One group of width C norms a residual stream; H groups of width D norm heads.
 *
 * @param y    (N, G·D) =; may be {@code x} itself
 * @param rstd (N, G) =
 * @param x    (N, G·D)
 * @param w    (1, D)
 */
public record RmsNorm(Tensor y, Tensor rstd, Tensor x, Tensor w, float eps) implements Op {
    @Override
    public String name() {
        return "rmsNorm";
    }

    @Override
    public void check(DType activations) {
        check(name(), activations, y, x, w, rstd);
    }

    /** @param y (N, G·D), or its gradient */
    static void check(String op, DType activations, Tensor y, Tensor x, Tensor w, Tensor rstd) {
        Operands.type(op, activations, x);
        Operands.same(op, x, y);
        Operands.f32(op, w);
        Operands.f32(op, rstd);
        Operands.require(w.rows() == 1 && rstd.rows() == x.rows(), op, w, rstd);
        Operands.require((long) w.cols() * rstd.cols() == x.cols(), op, w, rstd, x);
    }

    @Override
    public int rows() {
        return y.rows();
    }

    @Override
    public long bytes() {
        return Operands.bytes(y, rstd, x, w);
    }
}
