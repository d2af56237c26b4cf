package candor.ops.op;

import candor.ops.weight.Weight;
import candor.tensor.DType;
import candor.tensor.Tensor;

/**
 * logits = x headᵀ, in float32 whatever activations are: the same numbers that {@link LogProb} makes of the same rows.
 *
 * @param logits (T, V) =
 * @param x      (T, C)
 * @param head   (V, C)
 */
public record Logits(Tensor logits, Tensor x, Weight head) implements Op {
    @Override
    public String name() {
        return "logits";
    }

    @Override
    public String label() {
        return Linear.shaped(name(), head.cols(), head.rows());
    }

    @Override
    public void check(DType activations) {
        Operands.weight(name(), activations, head);
        Operands.shape(name(), activations, x, x.rows(), head.cols());
        Operands.shape(name(), DType.F32, logits, x.rows(), head.rows());
    }

    @Override
    public int rows() {
        return logits.rows();
    }

    @Override
    public long flops() {
        return Operands.product(x, head);
    }

    @Override
    public long bytes() {
        return Operands.bytes(logits, x) + Operands.bytes(head);
    }
}
