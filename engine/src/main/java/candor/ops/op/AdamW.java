package candor.ops.op;

import candor.ops.AdamWStep;
import candor.tensor.DType;
import candor.tensor.Tensor;

/**
 * One AdamW step over all parameters at once, in place: w ← w·(1 − lr·λ) − lr · m̂/(√v̂ + ε).
 *
 * @param w (1, P) parameters
 * @param g (1, P) gradients
 * @param m (1, P) first moments
 * @param v (1, P) second moments
 */
public record AdamW(Tensor w, Tensor g, Tensor m, Tensor v, AdamWStep step) implements Op {
    @Override
    public String name() {
        return "adamW";
    }

    @Override
    public void check(DType activations) {
        Operands.shape(name(), DType.F32, w, 1, w.cols());
        Operands.same(name(), w, g);
        Operands.same(name(), w, m);
        Operands.same(name(), w, v);
    }

    @Override
    public int rows() {
        return w.rows();
    }

    @Override
    public long bytes() {
        return Operands.bytes(w, g, m, v);
    }
}
