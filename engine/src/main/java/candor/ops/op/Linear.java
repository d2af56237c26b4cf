package candor.ops.op;

import candor.ops.Batch;
import candor.ops.Lora;
import candor.ops.weight.Weight;
import candor.tensor.DType;
import candor.tensor.Tensor;

/**
 * y = x wᵀ + bias + residual + t bᵀ, where t = s · x aᵀ for the rows whose slot has factors. Adapters here see all of x;
 * of those that do not, {@link Dropout} makes the input, and w is null.
 *
 * @param y        (N, O) =
 * @param t        (N, {@link Lora#paddedRank}) =, kept for the backward pass; columns beyond a slot's rank become
 *                 zero, rows without factors are left alone; null where {@code lora} is null
 * @param x        (N, I)
 * @param w        (O, I), or null, which adds nothing: {@code lora} is there then
 * @param bias     (1, O), or null
 * @param residual (N, O), or null; may be {@code y} itself
 * @param lora     the adapters on this layer, or null
 */
public record Linear(Tensor y, Tensor t, Tensor x, Weight w, Tensor bias, Tensor residual, Lora lora, Batch batch)
        implements Op {
    @Override
    public String name() {
        return "linear";
    }

    @Override
    public String label() {
        return shaped(name(), x.cols(), y.cols()) + alone(w);
    }

    static String shaped(String op, int inputs, int outputs) {
        return op + " " + inputs + " to " + outputs;
    }

    /** @param w null where adapters are computed without it */
    static String alone(Weight w) {
        return w == null ? ", adapters alone" : "";
    }

    @Override
    public void check(DType activations) {
        check(name(), activations, y, t, x, w, bias, lora, batch);
        if (residual != null) {
            Operands.same(name(), y, residual);
        }
    }

    static void check(
            String op, DType activations, Tensor y, Tensor t, Tensor x, Weight w, Tensor bias, Lora lora, Batch batch) {
        Operands.type(op, activations, y);
        Operands.type(op, activations, x);
        Operands.require(y.rows() == batch.tokenCount() && x.rows() == batch.tokenCount(), op, y, x);
        weight(op, activations, y, x, w, lora);
        Operands.row(op, bias, y);
        Adapted.check(op, activations, lora, t, y, x, batch);
    }

    /** A weight (O, I) that fits y (N, O) and x (N, I), or none, where adapters are there. */
    static void weight(String op, DType activations, Tensor y, Tensor x, Weight w, Lora lora) {
        if (w != null) {
            Operands.weight(op, activations, w);
        }
        Operands.require(w == null ? lora != null : y.cols() == w.rows() && x.cols() == w.cols(), op, y, x, w);
    }

    @Override
    public int rows() {
        return y.rows();
    }

    @Override
    public long flops() {
        return (w == null ? 0 : Operands.product(x, w)) + Adapted.forwardFlops(lora, batch, x.cols(), y.cols());
    }

    @Override
    public long bytes() {
        return Operands.bytes(y, x, bias, residual) + Operands.bytes(w) + Adapted.forwardBytes(lora, t, batch);
    }
}
