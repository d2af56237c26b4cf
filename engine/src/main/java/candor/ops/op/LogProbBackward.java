package candor.ops.op;

import candor.ops.Batch;
import candor.ops.weight.Weight;
import candor.tensor.DType;
import candor.tensor.Tensor;

/**
 * dx = Σ_v dlogp · (1[v = target] − exp(logit_v − lse)) · head_v.
 *
 * @param dx     (T, C) =
 * @param dlogp  (T, 1)
 * @param lse    (T, 1), from the forward pass
 * @param logits (T, V), from the forward pass, or null; its memory is scratch afterwards
 * @param x      (T, C)
 * @param head   (V, C)
 */
public record LogProbBackward(Tensor dx, Tensor dlogp, Tensor lse, Tensor logits, Tensor x, Weight head, Batch batch)
        implements Op {
    @Override
    public String name() {
        return "logProbBackward";
    }

    @Override
    public String label() {
        return Linear.shaped(name(), head.cols(), head.rows());
    }

    @Override
    public void check(DType activations) {
        LogProb.check(name(), activations, dlogp, lse, logits, x, head, batch);
        Operands.same(name(), x, dx);
    }

    @Override
    public int rows() {
        return dx.rows();
    }

    /** The product with the head, and where logits were not kept, the one that makes them. */
    @Override
    public long flops() {
        return (logits == null ? 2 : 1) * Operands.product(x, head);
    }

    /** Without x where logits were kept. */
    @Override
    public long bytes() {
        return Operands.bytes(dx, dlogp, lse, logits, logits == null ? x : null) + Operands.bytes(head);
    }
}
