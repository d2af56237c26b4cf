package candor.ops.op;

import candor.ops.Batch;
import candor.ops.weight.Weight;
import candor.tensor.DType;
import candor.tensor.Tensor;

/**
 * Log-probabilities of the targets: logp = (x·head[target]) − lse, lse = log Σ exp(x headᵀ), the vocabulary in chunks.
 *
 * @param logp   (T, 1) =
 * @param lse    (T, 1) =
 * @param logits (T, V) =, kept for the backward pass, or null: they are then computed again
 * @param x      (T, C), the rows that have a target
 * @param head   (V, C)
 */
public record LogProb(Tensor logp, Tensor lse, Tensor logits, Tensor x, Weight head, Batch batch) implements Op {
    @Override
    public String name() {
        return "logProb";
    }

    @Override
    public String label() {
        return Linear.shaped(name(), head.cols(), head.rows());
    }

    @Override
    public void check(DType activations) {
        check(name(), activations, logp, lse, logits, x, head, batch);
    }

    static void check(
            String op, DType activations, Tensor logp, Tensor lse, Tensor logits, Tensor x, Weight head, Batch batch) {
        int t = batch.targetCount();
        Operands.weight(op, activations, head);
        Operands.shape(op, DType.F32, logp, t, 1);
        Operands.shape(op, DType.F32, lse, t, 1);
        Operands.shape(op, activations, x, t, head.cols());
        if (logits != null) {
            Operands.shape(op, DType.F32, logits, t, head.rows());
        }
        Operands.ids(op, batch, head.rows());
    }

    @Override
    public int rows() {
        return logp.rows();
    }

    @Override
    public long flops() {
        return Operands.product(x, head);
    }

    @Override
    public long bytes() {
        return Operands.bytes(logp, lse, logits, x) + Operands.bytes(head);
    }
}
