package candor.ops.op;

import candor.ops.Batch;
import candor.ops.weight.Weight;
import candor.tensor.DType;
import candor.tensor.Tensor;

/**
 * The gradient of a head that is trained: dhead_v += Σ_t dlogp_t · (1[v = target_t] − exp(logit_tv − lse_t)) · x_t. Comes
 * before {@link LogProbBackward}, which uses the logits up.
 *
 * @param dHead  (V, C) +=
 * @param dlogp  (T, 1)
 * @param lse    (T, 1), from the forward pass
 * @param logits (T, V), from the forward pass, or null: they are then computed again
 * @param x      (T, C), the rows that have a target
 * @param head   (V, C), only read where {@code logits} is null
 */
public record LogProbHeadGradient(
        Tensor dHead, Tensor dlogp, Tensor lse, Tensor logits, Tensor x, Weight head, Batch batch) implements Op {
    @Override
    public String name() {
        return "logProbHeadGradient";
    }

    @Override
    public String label() {
        return Linear.shaped(name(), head.cols(), head.rows());
    }

    @Override
    public void check(DType activations) {
        LogProb.check(name(), activations, dlogp, lse, logits, x, head, batch);
        Operands.shape(name(), DType.F32, dHead, head.rows(), head.cols());
    }

    @Override
    public int rows() {
        return x.rows();
    }

    /** The product with x, and where logits were not kept, the one that makes them. */
    @Override
    public long flops() {
        return (logits == null ? 2 : 1) * Operands.product(x, head);
    }

    @Override
    public long bytes() {
        return Operands.bytes(dHead, dlogp, lse, logits, x) + Operands.bytes(logits == null ? head : null);
    }
}
