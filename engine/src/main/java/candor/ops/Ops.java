package candor.ops;

import candor.ops.op.Accumulate;
import candor.ops.op.AdamW;
import candor.ops.op.AdamW8bit;
import candor.ops.op.Affine;
import candor.ops.op.Attention;
import candor.ops.op.AttentionBackward;
import candor.ops.op.AttentionCached;
import candor.ops.op.CacheWrite;
import candor.ops.op.Dropout;
import candor.ops.op.Embed;
import candor.ops.op.EmbedBackward;
import candor.ops.op.Epilogue;
import candor.ops.op.GatherTargets;
import candor.ops.op.GeGlu;
import candor.ops.op.GeGluBackward;
import candor.ops.op.Linear;
import candor.ops.op.LinearBackward;
import candor.ops.op.LinearBiasGradient;
import candor.ops.op.LinearWeightGradient;
import candor.ops.op.Linears;
import candor.ops.op.LinearsBackward;
import candor.ops.op.LogProb;
import candor.ops.op.LogProbBackward;
import candor.ops.op.LogProbHeadGradient;
import candor.ops.op.Logits;
import candor.ops.op.Op;
import candor.ops.op.RmsNorm;
import candor.ops.op.RmsNormBackward;
import candor.ops.op.RmsNormWeightGradient;
import candor.ops.op.Rope;
import candor.ops.op.RopeBackward;
import candor.ops.op.SampleTokens;
import candor.ops.op.ScatterTargets;
import candor.ops.op.SumOfSquares;
import candor.ops.op.SwiGlu;
import candor.ops.op.SwiGluBackward;
import candor.ops.op.Zero;
import candor.ops.weight.Siblings;
import candor.ops.weight.Weight;
import candor.tensor.Tensor;
import java.util.List;

/**
 * Carries out the operations of a decoder. Each is a value of {@link candor.ops.op}, whose record says what it computes; the
 * methods here make the record and run it, outputs first. A backend that trains adapters only may leave out the gradients of
 * the base's own weights: it throws {@link Unsupported}.
 *
 * <p>Same input, same bytes: every sum runs in an order that depends on shapes alone, never on the number of threads,
 * and a row's result never depends on its neighbours in the batch.
 */
public interface Ops {
    /** Runs one operation. */
    void run(Op op);

    /** {@link Embed}. */
    default void embed(Tensor x, Weight table, Batch batch) {
        run(new Embed(x, table, batch));
    }

    /** {@link RmsNorm}. */
    default void rmsNorm(Tensor y, Tensor rstd, Tensor x, Tensor w, float eps) {
        run(new RmsNorm(y, rstd, x, w, eps));
    }

    /** {@link RmsNormBackward}. */
    default void rmsNormBackward(Tensor dx, Tensor dy, Tensor x, Tensor w, Tensor rstd, Write write) {
        run(new RmsNormBackward(dx, dy, x, w, rstd, write));
    }

    /** {@link Rope}. */
    default void rope(Tensor x, Tensor table, Batch batch) {
        run(new Rope(x, table, batch));
    }

    /** {@link RopeBackward}. */
    default void ropeBackward(Tensor dx, Tensor table, Batch batch) {
        run(new RopeBackward(dx, table, batch));
    }

    /** {@link Dropout}. */
    default void dropout(Tensor y, Tensor x, DropoutRates rates, Batch batch, Write write) {
        run(new Dropout(y, x, rates, batch, write));
    }

    /** {@link Linear}. */
    default void linear(Tensor y, Tensor t, Tensor x, Weight w, Tensor bias, Tensor residual, Lora lora, Batch batch) {
        run(new Linear(y, t, x, w, bias, residual, lora, batch));
    }

    /** {@link Linears}. */
    default void linears(Tensor x, Siblings w, List<Linears.Part> parts, Epilogue then, boolean kept, Batch batch) {
        run(new Linears(x, w, parts, then, kept, batch));
    }

    /** Whether what follows linear layers costs less where it is asked for with them: see {@link Linears#then}. */
    default boolean joins() {
        return false;
    }

    /** {@link LinearsBackward}. */
    default void linearsBackward(
            Tensor dx, Tensor x, Siblings w, List<LinearsBackward.Part> parts, Batch batch, Write write) {
        run(new LinearsBackward(dx, x, w, parts, batch, write));
    }

    /** {@link LinearBackward}. */
    default void linearBackward(
            Tensor dx, Tensor dt, Tensor dy, Tensor x, Tensor t, Weight w, Lora lora, Batch batch, Write write) {
        run(new LinearBackward(dx, dt, dy, x, t, w, lora, batch, write));
    }

    /** {@link Affine}. */
    default void affine(Tensor y, Tensor scale, Tensor bias, Tensor residual) {
        run(new Affine(y, scale, bias, residual));
    }

    /** {@link Attention}. */
    default void attention(Tensor o, Tensor lse, Tensor qkv, Heads heads, Batch batch) {
        run(new Attention(o, lse, qkv, heads, batch));
    }

    /** {@link AttentionBackward}. */
    default void attentionBackward(
            Tensor dqkv, Tensor dout, Tensor qkv, Tensor o, Tensor lse, Heads heads, Batch batch) {
        run(new AttentionBackward(dqkv, dout, qkv, o, lse, heads, batch));
    }

    /** {@link CacheWrite}. */
    default void cacheWrite(KvPages cache, Tensor qkv, Batch batch, PageTables tables) {
        run(new CacheWrite(cache, qkv, batch, tables));
    }

    /** {@link AttentionCached}. */
    default void attentionCached(Tensor o, Tensor qkv, KvPages cache, Batch batch, PageTables tables) {
        run(new AttentionCached(o, qkv, cache, batch, tables));
    }

    /** {@link GeGlu}. */
    default void geGlu(Tensor y, Tensor gateUp) {
        run(new GeGlu(y, gateUp));
    }

    /** {@link GeGluBackward}. */
    default void geGluBackward(Tensor dGateUp, Tensor dy, Tensor gateUp) {
        run(new GeGluBackward(dGateUp, dy, gateUp));
    }

    /** {@link SwiGlu}. */
    default void swiGlu(Tensor y, Tensor gateUp) {
        run(new SwiGlu(y, gateUp));
    }

    /** {@link SwiGluBackward}. */
    default void swiGluBackward(Tensor dGateUp, Tensor dy, Tensor gateUp) {
        run(new SwiGluBackward(dGateUp, dy, gateUp));
    }

    /** {@link GatherTargets}. */
    default void gatherTargets(Tensor y, Tensor x, Batch batch) {
        run(new GatherTargets(y, x, batch));
    }

    /** {@link ScatterTargets}. */
    default void scatterTargets(Tensor dx, Tensor dy, Batch batch) {
        run(new ScatterTargets(dx, dy, batch));
    }

    /** {@link Logits}. */
    default void logits(Tensor logits, Tensor x, Weight head) {
        run(new Logits(logits, x, head));
    }

    /** {@link SampleTokens}. */
    default void sampleTokens(Tensor chosen, Tensor logits, List<TokenDraw> draws) {
        run(new SampleTokens(chosen, logits, draws));
    }

    /** {@link LogProb}. */
    default void logProb(Tensor logp, Tensor lse, Tensor logits, Tensor x, Weight head, Batch batch) {
        run(new LogProb(logp, lse, logits, x, head, batch));
    }

    /** {@link LogProbBackward}. */
    default void logProbBackward(
            Tensor dx, Tensor dlogp, Tensor lse, Tensor logits, Tensor x, Weight head, Batch batch) {
        run(new LogProbBackward(dx, dlogp, lse, logits, x, head, batch));
    }

    /** {@link LinearWeightGradient}. */
    default void linearWeightGradient(Tensor dw, Tensor dy, Tensor x) {
        run(new LinearWeightGradient(dw, dy, x));
    }

    /** {@link LinearBiasGradient}. */
    default void linearBiasGradient(Tensor db, Tensor dy) {
        run(new LinearBiasGradient(db, dy));
    }

    /** {@link RmsNormWeightGradient}. */
    default void rmsNormWeightGradient(Tensor dw, Tensor dy, Tensor x, Tensor rstd) {
        run(new RmsNormWeightGradient(dw, dy, x, rstd));
    }

    /** {@link EmbedBackward}. */
    default void embedBackward(Tensor dTable, Tensor dx, Batch batch) {
        run(new EmbedBackward(dTable, dx, batch));
    }

    /** {@link LogProbHeadGradient}. */
    default void logProbHeadGradient(
            Tensor dHead, Tensor dlogp, Tensor lse, Tensor logits, Tensor x, Weight head, Batch batch) {
        run(new LogProbHeadGradient(dHead, dlogp, lse, logits, x, head, batch));
    }

    /** {@link Zero}. */
    default void zero(Tensor y) {
        run(new Zero(y));
    }

    /** {@link Accumulate}. */
    default void accumulate(Tensor y, Tensor x) {
        run(new Accumulate(y, x));
    }

    /** {@link SumOfSquares}, the sum. */
    default double sumOfSquares(Tensor x) {
        SumOfSquares op = new SumOfSquares(x);
        run(op);
        return op.sum()[0];
    }

    /** {@link AdamW}. */
    default void adamW(Tensor w, Tensor g, Tensor m, Tensor v, AdamWStep step) {
        run(new AdamW(w, g, m, v, step));
    }

    /** {@link AdamW8bit}. */
    default void adamW8bit(Tensor w, Tensor g, EightBitRow m, EightBitRow v, AdamWStep step) {
        run(new AdamW8bit(w, g, m, v, step));
    }
}
