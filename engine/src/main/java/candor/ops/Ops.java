package candor.ops;

import candor.tensor.Tensor;
import java.util.List;

/**
 * The operations of a decoder, forward beside backward; outputs first. Shapes are in the letters of this package; {@code
 * d…} is a gradient; {@code =} sets and {@code +=} adds. Activations, and with them t, dt and the cache, are of {@link
 * Backend#activations}; frozen matrices are of that type too, or of their file's; everything else is float32. A backend
 * that trains adapters only may leave out the gradients of the base's own weights. Views with gaps between rows are
 * welcome everywhere; an output may share memory with an input only
 * where it says so.
 *
 * <p>Same input, same bytes: every sum runs in an order that depends on shapes alone, never on the number of threads,
 * and a row's result never depends on its neighbours in the batch.
 */
public interface Ops {
    /** x (N,C) = rows of table (V,C), one for each token of the batch. */
    void embed(Tensor x, Tensor table, Batch batch);

    /**
     * Root-mean-square norm (Zhang and Sennrich 2019) of each group of D columns: y = x · rstd · w, with
     * rstd = 1/√(mean(x²) + eps). One group of width C norms a residual stream; H groups of width D norm heads.
     *
     * @param y    (N, G·D); may be {@code x} itself
     * @param rstd (N, G)
     * @param x    (N, G·D)
     * @param w    (1, D)
     */
    void rmsNorm(Tensor y, Tensor rstd, Tensor x, Tensor w, float eps);

    /**
     * dx = or += rstd · (w·dy − x̂ · mean(w·dy·x̂)), with x̂ = x·rstd, in each group of D columns.
     *
     * @param dx   (N, G·D); may be {@code dy} itself with {@link Write#SET}
     * @param dy   (N, G·D)
     * @param x    (N, G·D), the input of the forward pass
     * @param w    (1, D)
     * @param rstd (N, G), from the forward pass
     */
    void rmsNormBackward(Tensor dx, Tensor dy, Tensor x, Tensor w, Tensor rstd, Write write);

    /**
     * Rotates each head by its token's position (Su et al. 2021), in place: (x₁, x₂) → (x₁c − x₂s, x₂c + x₁s) with x₁,
     * x₂ the halves of a head, as Hugging Face's checkpoints want it.
     *
     * @param x     (N, G·D)
     * @param table (P, D): cosines of the D/2 frequencies, then sines, for each position
     */
    void rope(Tensor x, Tensor table, Batch batch);

    /** Rotates back, in place: the transposed rotation is its inverse, so this is the backward pass of {@link #rope}. */
    void ropeBackward(Tensor dx, Tensor table, Batch batch);

    /**
     * y = x wᵀ + bias + residual + t bᵀ, where t = s · x aᵀ for the rows whose slot has factors. Adapters here see all of x;
     * of those that do not, {@link #dropout} makes the input, and w is null.
     *
     * @param y        (N, O)
     * @param t        (N, {@link Lora#paddedRank}) =, kept for the backward pass; columns beyond a slot's rank become
     *                 zero, rows without factors are left alone; null where {@code lora} is null
     * @param x        (N, I)
     * @param w        (O, I), frozen; or null, which adds nothing: {@code lora} is there then
     * @param bias     (1, O), or null
     * @param residual (N, O), or null; may be {@code y} itself
     * @param lora     the adapters on this layer, or null
     */
    void linear(Tensor y, Tensor t, Tensor x, Tensor w, Tensor bias, Tensor residual, Lora lora, Batch batch);

    /** Several linear layers of the same x (N, I), whose results are {@link #linear}'s, one after the other. */
    default void linears(Tensor x, List<Linear> layers, Batch batch) {
        for (Linear layer : layers) {
            linear(layer.y(), layer.t(), x, layer.w(), layer.bias(), null, layer.lora(), batch);
        }
    }

    /**
     * y = scale ∘ y + bias + residual, in place: what an adapter that scales columns makes of {@link #linear}'s result without
     * bias and residual (DoRA, Liu et al. 2024, with scale = m/‖W + s·BA‖), or one with a bias of its own.
     *
     * @param y        (N, O)
     * @param scale    (1, O), or null for one
     * @param bias     (1, O), or null
     * @param residual (N, O), or null; not {@code y}
     */
    void affine(Tensor y, Tensor scale, Tensor bias, Tensor residual);

    /**
     * dx = or += dy w + dt a, with dt = s · dy b; da += dtᵀ x and db += dyᵀ t for trained adapters. The frozen weight gets
     * no gradient.
     *
     * @param dx (N, I), or null where nobody wants it
     * @param dt (N, {@link Lora#paddedRank}), scratch; null where {@code lora} is null
     * @param dy (N, O)
     * @param x  (N, I), the input of the forward pass; only read where {@code lora} has a trained adapter
     * @param t  (N, {@link Lora#paddedRank}), from the forward pass
     * @param w  (O, I), or null, which adds nothing: {@code lora} is there then
     */
    void linearBackward(
            Tensor dx, Tensor dt, Tensor dy, Tensor x, Tensor t, Tensor w, Lora lora, Batch batch, Write write);

    /**
     * Inverted dropout (Srivastava et al. 2014) for the rows whose slot drops something, forward and backward: y = or += x · k,
     * where k is 0 for an element that is dropped and 1/(1 − rate) for one that is kept. All other rows are left alone.
     *
     * @param y       (N, I)
     * @param x       (N, I); in the backward pass, the gradient of the forward pass's y
     * @param dropout which slots drop how much; which elements, says the batch's key of the sequence
     * @param batch   one that {@link Batch#drops}
     */
    void dropout(Tensor y, Tensor x, Dropout dropout, Batch batch, Write write);

    /**
     * Causal softmax attention within each sequence, scaled by 1/√D.
     *
     * @param o   (N, H·D)
     * @param lse (N, H): natural logarithm of the sum of the exponentials of a row's scaled scores
     * @param qkv (N, (H + 2K)·D)
     */
    void attention(Tensor o, Tensor lse, Tensor qkv, Heads heads, Batch batch);

    /**
     * Puts the keys and values of the batch's tokens into the cache, each at its token's position.
     *
     * @param cache  =, the elements of these positions; all others are left alone
     * @param qkv    (N, (H + 2K)·D); the queries are not read
     * @param tables the pages of the batch's sequences
     */
    void cacheWrite(KvPages cache, Tensor qkv, Batch batch, PageTables tables);

    /**
     * Causal softmax attention, scaled by 1/√D, to keys and values in a cache: a token at position p attends to positions
     * 0 to p of its sequence. The result is the same, bit for bit, however a sequence is cut into batches, and equals
     * {@link #attention} over the whole.
     *
     * @param o      (N, H·D)
     * @param qkv    (N, (H + 2K)·D); only the queries are read: {@link #cacheWrite} came first
     * @param cache  holds the keys and values of every position up to the batch's own
     * @param tables the pages of the batch's sequences
     */
    void attentionCached(Tensor o, Tensor qkv, KvPages cache, Batch batch, PageTables tables);

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
    void attentionBackward(Tensor dqkv, Tensor dout, Tensor qkv, Tensor o, Tensor lse, Heads heads, Batch batch);

    /** y (N,F) = silu(gate) · up, with gateUp (N,2F) = [gate | up] and silu(g) = g·σ(g) (Shazeer 2020). */
    void swiGlu(Tensor y, Tensor gateUp);

    /** dGateUp (N,2F) =: dgate = dy·up·σ(g)(1 + g(1 − σ(g))), dup = dy·silu(g). {@code dGateUp} may be {@code gateUp}. */
    void swiGluBackward(Tensor dGateUp, Tensor dy, Tensor gateUp);

    /** y (T,C) = the rows of x (N,C) that have a target. */
    void gatherTargets(Tensor y, Tensor x, Batch batch);

    /** dx (N,C) =: the rows of dy (T,C) at the rows that have a target, zero elsewhere. */
    void scatterTargets(Tensor dx, Tensor dy, Batch batch);

    /**
     * Log-probabilities of the targets: logp = (x·head[target]) − lse, lse = log Σ exp(x headᵀ), the vocabulary in chunks.
     *
     * @param logp   (T, 1)
     * @param lse    (T, 1)
     * @param logits (T, V) =, kept for the backward pass, or null: they are then computed again
     * @param x      (T, C), the rows that have a target
     * @param head   (V, C)
     */
    void logProb(Tensor logp, Tensor lse, Tensor logits, Tensor x, Tensor head, Batch batch);

    /**
     * dx = Σ_v dlogp · (1[v = target] − exp(logit_v − lse)) · head_v.
     *
     * @param dx     (T, C)
     * @param dlogp  (T, 1)
     * @param lse    (T, 1), from the forward pass
     * @param logits (T, V), from the forward pass, or null; its memory is scratch afterwards
     * @param x      (T, C)
     * @param head   (V, C)
     */
    void logProbBackward(Tensor dx, Tensor dlogp, Tensor lse, Tensor logits, Tensor x, Tensor head, Batch batch);

    /**
     * The gradient of a linear layer's weight where it is trained: dw += dyᵀ x, a sum over the tokens in their order.
     *
     * @param dw (O, I) +=
     * @param dy (N, O)
     * @param x  (N, I), the input of the forward pass
     */
    default void linearWeightGradient(Tensor dw, Tensor dy, Tensor x) {
        throw adaptersOnly();
    }

    /** The gradient of a linear layer's bias where it is trained: db (1,O) += the sum of the rows of dy (N,O), in their order. */
    default void linearBiasGradient(Tensor db, Tensor dy) {
        throw adaptersOnly();
    }

    /**
     * The gradient of a norm's weight where it is trained: dw += Σ over tokens and groups of dy · x · rstd. Comes before
     * {@link #rmsNormBackward} where that writes over {@code dy}.
     *
     * @param dw   (1, D) +=
     * @param dy   (N, G·D)
     * @param x    (N, G·D), the input of the forward pass
     * @param rstd (N, G), from the forward pass
     */
    default void rmsNormWeightGradient(Tensor dw, Tensor dy, Tensor x, Tensor rstd) {
        throw adaptersOnly();
    }

    /**
     * The gradient of an embedding that is trained: the rows of the batch's tokens += their rows of dx, token by token.
     *
     * @param dTable (V, C) +=, the rows of tokens that are in the batch
     * @param dx     (N, C)
     */
    default void embedBackward(Tensor dTable, Tensor dx, Batch batch) {
        throw adaptersOnly();
    }

    /**
     * The gradient of a head that is trained: dhead_v += Σ_t dlogp_t · (1[v = target_t] − exp(logit_tv − lse_t)) · x_t. Comes
     * before {@link #logProbBackward}, which uses the logits up.
     *
     * @param dHead  (V, C) +=
     * @param dlogp  (T, 1)
     * @param lse    (T, 1), from the forward pass
     * @param logits (T, V), from the forward pass, or null: they are then computed again
     * @param x      (T, C), the rows that have a target
     * @param head   (V, C), only read where {@code logits} is null
     */
    default void logProbHeadGradient(
            Tensor dHead, Tensor dlogp, Tensor lse, Tensor logits, Tensor x, Tensor head, Batch batch) {
        throw adaptersOnly();
    }

    private static UnsupportedOperationException adaptersOnly() {
        return new UnsupportedOperationException(
                "this backend trains adapters only; train all weights with --backend cpu");
    }

    /** y = 0. */
    void zero(Tensor y);

    /** The sum of the squares of x, in double precision. */
    double sumOfSquares(Tensor x);

    /**
     * One AdamW step over all parameters at once, in place: w ← w·(1 − lr·λ) − lr · m̂/(√v̂ + ε).
     *
     * @param w (1, P) parameters
     * @param g (1, P) gradients
     * @param m (1, P) first moments
     * @param v (1, P) second moments
     */
    void adamW(Tensor w, Tensor g, Tensor m, Tensor v, AdamWStep step);
}
