package candor.ops;

import candor.tensor.DType;
import candor.tensor.Tensor;
import candor.tensor.Workspace;
import java.util.List;
import java.util.OptionalLong;

/**
 * A backend whose operations a flight recording shows, each as a {@code candor.Operation}. While nobody records it costs a look
 * at a flag for each of them, and allocates nothing.
 */
final class RecordedBackend implements Backend {
    private final Backend backend;

    RecordedBackend(Backend backend) {
        this.backend = backend;
    }

    @Override
    public String name() {
        return backend.name();
    }

    @Override
    public String description() {
        return backend.description();
    }

    @Override
    public OptionalLong freeBytes() {
        return backend.freeBytes();
    }

    @Override
    public DType activations() {
        return backend.activations();
    }

    @Override
    public Tensor allocate(DType dtype, int rows, int cols) {
        return backend.allocate(dtype, rows, cols);
    }

    @Override
    public Workspace workspace(long bytes) {
        return backend.workspace(bytes);
    }

    @Override
    public Tensor resident(Tensor host) {
        return backend.resident(host);
    }

    @Override
    public Tensor constant(Tensor host) {
        return backend.constant(host);
    }

    @Override
    public void upload(Tensor to, float[] values) {
        backend.upload(to, values);
    }

    @Override
    public void download(float[] values, Tensor from) {
        backend.download(values, from);
    }

    @Override
    public void synchronise() {
        backend.synchronise();
    }

    @Override
    public void close() {
        backend.close();
    }

    @Override
    public void embed(Tensor x, Tensor table, Batch batch) {
        OperationEvent event = OperationEvent.started();
        backend.embed(x, table, batch);
        OperationEvent.finish(event, "embed", x.rows(), backend);
    }

    @Override
    public void rmsNorm(Tensor y, Tensor rstd, Tensor x, Tensor w, float eps) {
        OperationEvent event = OperationEvent.started();
        backend.rmsNorm(y, rstd, x, w, eps);
        OperationEvent.finish(event, "rmsNorm", y.rows(), backend);
    }

    @Override
    public void rmsNormBackward(Tensor dx, Tensor dy, Tensor x, Tensor w, Tensor rstd, Write write) {
        OperationEvent event = OperationEvent.started();
        backend.rmsNormBackward(dx, dy, x, w, rstd, write);
        OperationEvent.finish(event, "rmsNormBackward", dx.rows(), backend);
    }

    @Override
    public void rope(Tensor x, Tensor table, Batch batch) {
        OperationEvent event = OperationEvent.started();
        backend.rope(x, table, batch);
        OperationEvent.finish(event, "rope", x.rows(), backend);
    }

    @Override
    public void ropeBackward(Tensor dx, Tensor table, Batch batch) {
        OperationEvent event = OperationEvent.started();
        backend.ropeBackward(dx, table, batch);
        OperationEvent.finish(event, "ropeBackward", dx.rows(), backend);
    }

    @Override
    public void dropout(Tensor y, Tensor x, Dropout dropout, Batch batch, Write write) {
        OperationEvent event = OperationEvent.started();
        backend.dropout(y, x, dropout, batch, write);
        OperationEvent.finish(event, "dropout", y.rows(), backend);
    }

    @Override
    public void linear(Tensor y, Tensor t, Tensor x, Tensor w, Tensor bias, Tensor residual, Lora lora, Batch batch) {
        OperationEvent event = OperationEvent.started();
        backend.linear(y, t, x, w, bias, residual, lora, batch);
        OperationEvent.finish(event, "linear", y.rows(), backend);
    }

    @Override
    public void linears(Tensor x, List<Linear> layers, Batch batch) {
        OperationEvent event = OperationEvent.started();
        backend.linears(x, layers, batch);
        OperationEvent.finish(event, "linears", x.rows(), backend);
    }

    @Override
    public void affine(Tensor y, Tensor scale, Tensor bias, Tensor residual) {
        OperationEvent event = OperationEvent.started();
        backend.affine(y, scale, bias, residual);
        OperationEvent.finish(event, "affine", y.rows(), backend);
    }

    @Override
    public void linearBackward(
            Tensor dx, Tensor dt, Tensor dy, Tensor x, Tensor t, Tensor w, Lora lora, Batch batch, Write write) {
        OperationEvent event = OperationEvent.started();
        backend.linearBackward(dx, dt, dy, x, t, w, lora, batch, write);
        OperationEvent.finish(event, "linearBackward", dy.rows(), backend);
    }

    @Override
    public void attention(Tensor o, Tensor lse, Tensor qkv, Heads heads, Batch batch) {
        OperationEvent event = OperationEvent.started();
        backend.attention(o, lse, qkv, heads, batch);
        OperationEvent.finish(event, "attention", o.rows(), backend);
    }

    @Override
    public void cacheWrite(KvPages cache, Tensor qkv, Batch batch, PageTables tables) {
        OperationEvent event = OperationEvent.started();
        backend.cacheWrite(cache, qkv, batch, tables);
        OperationEvent.finish(event, "cacheWrite", qkv.rows(), backend);
    }

    @Override
    public void attentionCached(Tensor o, Tensor qkv, KvPages cache, Batch batch, PageTables tables) {
        OperationEvent event = OperationEvent.started();
        backend.attentionCached(o, qkv, cache, batch, tables);
        OperationEvent.finish(event, "attentionCached", o.rows(), backend);
    }

    @Override
    public void attentionBackward(
            Tensor dqkv, Tensor dout, Tensor qkv, Tensor o, Tensor lse, Heads heads, Batch batch) {
        OperationEvent event = OperationEvent.started();
        backend.attentionBackward(dqkv, dout, qkv, o, lse, heads, batch);
        OperationEvent.finish(event, "attentionBackward", dqkv.rows(), backend);
    }

    @Override
    public void swiGlu(Tensor y, Tensor gateUp) {
        OperationEvent event = OperationEvent.started();
        backend.swiGlu(y, gateUp);
        OperationEvent.finish(event, "swiGlu", y.rows(), backend);
    }

    @Override
    public void swiGluBackward(Tensor dGateUp, Tensor dy, Tensor gateUp) {
        OperationEvent event = OperationEvent.started();
        backend.swiGluBackward(dGateUp, dy, gateUp);
        OperationEvent.finish(event, "swiGluBackward", dGateUp.rows(), backend);
    }

    @Override
    public void gatherTargets(Tensor y, Tensor x, Batch batch) {
        OperationEvent event = OperationEvent.started();
        backend.gatherTargets(y, x, batch);
        OperationEvent.finish(event, "gatherTargets", y.rows(), backend);
    }

    @Override
    public void scatterTargets(Tensor dx, Tensor dy, Batch batch) {
        OperationEvent event = OperationEvent.started();
        backend.scatterTargets(dx, dy, batch);
        OperationEvent.finish(event, "scatterTargets", dx.rows(), backend);
    }

    @Override
    public void logProb(Tensor logp, Tensor lse, Tensor logits, Tensor x, Tensor head, Batch batch) {
        OperationEvent event = OperationEvent.started();
        backend.logProb(logp, lse, logits, x, head, batch);
        OperationEvent.finish(event, "logProb", logp.rows(), backend);
    }

    @Override
    public void logProbBackward(
            Tensor dx, Tensor dlogp, Tensor lse, Tensor logits, Tensor x, Tensor head, Batch batch) {
        OperationEvent event = OperationEvent.started();
        backend.logProbBackward(dx, dlogp, lse, logits, x, head, batch);
        OperationEvent.finish(event, "logProbBackward", dx.rows(), backend);
    }

    @Override
    public void linearWeightGradient(Tensor dw, Tensor dy, Tensor x) {
        OperationEvent event = OperationEvent.started();
        backend.linearWeightGradient(dw, dy, x);
        OperationEvent.finish(event, "linearWeightGradient", dy.rows(), backend);
    }

    @Override
    public void linearBiasGradient(Tensor db, Tensor dy) {
        OperationEvent event = OperationEvent.started();
        backend.linearBiasGradient(db, dy);
        OperationEvent.finish(event, "linearBiasGradient", dy.rows(), backend);
    }

    @Override
    public void rmsNormWeightGradient(Tensor dw, Tensor dy, Tensor x, Tensor rstd) {
        OperationEvent event = OperationEvent.started();
        backend.rmsNormWeightGradient(dw, dy, x, rstd);
        OperationEvent.finish(event, "rmsNormWeightGradient", dy.rows(), backend);
    }

    @Override
    public void embedBackward(Tensor dTable, Tensor dx, Batch batch) {
        OperationEvent event = OperationEvent.started();
        backend.embedBackward(dTable, dx, batch);
        OperationEvent.finish(event, "embedBackward", dx.rows(), backend);
    }

    @Override
    public void logProbHeadGradient(
            Tensor dHead, Tensor dlogp, Tensor lse, Tensor logits, Tensor x, Tensor head, Batch batch) {
        OperationEvent event = OperationEvent.started();
        backend.logProbHeadGradient(dHead, dlogp, lse, logits, x, head, batch);
        OperationEvent.finish(event, "logProbHeadGradient", x.rows(), backend);
    }

    @Override
    public void zero(Tensor y) {
        OperationEvent event = OperationEvent.started();
        backend.zero(y);
        OperationEvent.finish(event, "zero", y.rows(), backend);
    }

    @Override
    public double sumOfSquares(Tensor x) {
        OperationEvent event = OperationEvent.started();
        double result = backend.sumOfSquares(x);
        OperationEvent.finish(event, "sumOfSquares", x.rows(), backend);
        return result;
    }

    @Override
    public void adamW(Tensor w, Tensor g, Tensor m, Tensor v, AdamWStep step) {
        OperationEvent event = OperationEvent.started();
        backend.adamW(w, g, m, v, step);
        OperationEvent.finish(event, "adamW", w.rows(), backend);
    }
}
