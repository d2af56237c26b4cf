package candor.ops.op;

import candor.ops.Batch;
import candor.ops.Heads;
import candor.tensor.DType;
import candor.tensor.Tensor;

/**
 * Causal softmax attention within each sequence, scaled by 1/√D, over as many tokens as the heads' window has.
 *
 * @param o   (N, H·D) =
 * @param lse (N, H) =: natural logarithm of the sum of the exponentials of a row's scaled scores
 * @param qkv (N, (H + 2K)·D)
 */
public record Attention(Tensor o, Tensor lse, Tensor qkv, Heads heads, Batch batch) implements Op {
    @Override
    public String name() {
        return "attention";
    }

    @Override
    public void check(DType activations) {
        check(name(), activations, o, lse, qkv, heads, batch);
    }

    static void check(String op, DType activations, Tensor o, Tensor lse, Tensor qkv, Heads heads, Batch batch) {
        int n = batch.tokenCount();
        Operands.shape(op, activations, o, n, heads.queryCols());
        Operands.shape(op, DType.F32, lse, n, heads.query());
        Operands.shape(op, activations, qkv, n, heads.allCols());
    }

    @Override
    public int rows() {
        return o.rows();
    }

    /** Two products: scores, and what they weigh. */
    @Override
    public long flops() {
        return 2 * product(heads, batch);
    }

    /** Of one product of attention: each token meets those before it, and itself, or as many of them as the window has. */
    static long product(Heads heads, Batch batch) {
        long sum = 0;
        for (int s = 0; s < batch.sequenceCount(); s++) {
            long length = batch.length(s);
            long seen = heads.slideOver(batch.length(s)) ? heads.window() : length;
            sum += heads.queryCols() * (seen * (seen + 1) + 2 * (length - seen) * seen);
        }
        return sum;
    }

    @Override
    public long bytes() {
        return Operands.bytes(o, lse, qkv);
    }
}
