package candor.ops.op;

import candor.ops.AdamWStep;
import candor.ops.EightBitRow;
import candor.tensor.DType;
import candor.tensor.Tensor;

/**
 * As {@link AdamW}, in place, with moments in eight bits (Dettmers et al. 2021, arXiv 2110.02861, section 2): they are widened, moved
 * on, and used for the step as they are before they become eight bits again, each the nearest value of its map, of two the
 * smaller. A block of zeros has zero as its largest magnitude.
 *
 * @param w (1, P) parameters
 * @param g (1, P) gradients
 * @param m (1, P) first moments, by the signed map
 * @param v (1, P) second moments, by the unsigned map
 */
public record AdamW8bit(Tensor w, Tensor g, EightBitRow m, EightBitRow v, AdamWStep step) implements Op {
    @Override
    public String name() {
        return "adamW8bit";
    }

    @Override
    public void check(DType activations) {
        Operands.shape(name(), DType.F32, w, 1, w.cols());
        Operands.same(name(), w, g);
        check(m);
        check(v);
    }

    private void check(EightBitRow moments) {
        Operands.shape(name(), DType.U8, moments.codes(), 1, w.cols());
        Operands.shape(name(), DType.F32, moments.largest(), 1, EightBitRow.blocks(w.cols()));
    }

    @Override
    public int rows() {
        return w.rows();
    }

    @Override
    public long bytes() {
        return Operands.bytes(w, g, m.codes(), m.largest(), v.codes(), v.largest());
    }
}
