package candor.ops.op;

import candor.tensor.DType;
import candor.tensor.Tensor;

/**
 * y = scale ∘ y + bias + residual, in place: what an adapter that scales columns makes of {@link Linear}'s result without
 * bias and residual (DoRA, Liu et al. 2024, with scale = m/‖W + s·BA‖), or one with a bias of its own.
 *
 * @param y        (N, O)
 * @param scale    (1, O), or null for one
 * @param bias     (1, O), or null
 * @param residual (N, O), or null; not {@code y}
 */
public record Affine(Tensor y, Tensor scale, Tensor bias, Tensor residual) implements Op {
    @Override
    public String name() {
        return "affine";
    }

    @Override
    public void check(DType activations) {
        Operands.type(name(), activations, y);
        Operands.row(name(), scale, y);
        Operands.row(name(), bias, y);
        if (residual != null) {
            Operands.same(name(), y, residual);
        }
    }

    @Override
    public int rows() {
        return y.rows();
    }

    @Override
    public long bytes() {
        return Operands.bytes(y, scale, bias, residual);
    }
}
