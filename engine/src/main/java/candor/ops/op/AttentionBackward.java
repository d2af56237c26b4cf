package candor.ops.op;

import candor.ops.Batch;
import candor.ops.Heads;
import candor.tensor.DType;
import candor.tensor.Tensor;

/**
 * With P = exp(S − lse): dV = Pᵀ dO, dP = dO Vᵀ, dS = P ∘ (dP − rowsum(dO ∘ O)), dQ = dS K/√D, dK = dSᵀ Q/√D (Dao et
 * al. 2022, appendix B).
 *
 * @param dqkv (N, (H + 2K)·D) =
 * @param dout (N, H·D)
 * @param qkv  (N, (H + 2K)·D), the input of the forward pass
 * @param o    (N, H·D), from the forward pass
 * @param lse  (N, H), from the forward pass
 */
public record AttentionBackward(Tensor dqkv, Tensor dout, Tensor qkv, Tensor o, Tensor lse, Heads heads, Batch batch)
        implements Op {
    @Override
    public String name() {
        return "attentionBackward";
    }

    @Override
    public void check(DType activations) {
        Attention.check(name(), activations, o, lse, qkv, heads, batch);
        Attention.check(name(), activations, dout, lse, dqkv, heads, batch);
    }

    @Override
    public int rows() {
        return dqkv.rows();
    }

    /** Five products: scores again, dP, dV, dQ and dK. */
    @Override
    public long flops() {
        return 5 * Attention.product(heads, batch);
    }

    @Override
    public long bytes() {
        return Operands.bytes(dqkv, dout, qkv, o, lse);
    }
}
