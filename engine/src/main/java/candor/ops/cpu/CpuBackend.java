package candor.ops.cpu;

import candor.ops.AdamWStep;
import candor.ops.Backend;
import candor.ops.Batch;
import candor.ops.Dropout;
import candor.ops.Heads;
import candor.ops.KvPages;
import candor.ops.Linear;
import candor.ops.Lora;
import candor.ops.PageTables;
import candor.ops.Write;
import candor.tensor.DType;
import candor.tensor.Tensor;
import candor.tensor.Workspace;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** The processor itself: vector instructions and a few threads. For one caller at a time. */
public final class CpuBackend implements Backend {
    /** What frozen weights laid out for the tile kernels take at most, unless the caller says otherwise. */
    private static final long PANEL_BYTES = 1L << 30;

    private final Arena arena = Arena.ofShared();
    private final Workers workers;
    private final FrozenPanels frozen;
    private final LowRankMatmul matmul;
    private final SiblingMatmul siblings;
    private final LoraGradients loraGradients;
    private final AttentionOps attention;
    private final AttentionBackward attentionBackward;
    private final CacheOps caches;
    private final NormOps norms;
    private final RopeOps ropes;
    private final DropoutOps dropouts;
    private final SwiGluOps swiGlus;
    private final RowOps rows;
    private final AffineOps affines;
    private final LogProbOps logProbs;
    private final WeightGradients weightGradients;
    private final HeadGradient headGradient;
    private final OptimiserOps optimiser;

    /** @param threads how many threads compute, the caller included */
    public CpuBackend(int threads) {
        this(threads, panelBudget());
    }

    /** Bytes of frozen weights that are kept laid out for the tile kernels, at most: a third of the heap, and 1 GiB. */
    public static long panelBudget() {
        return Math.min(PANEL_BYTES, Runtime.getRuntime().maxMemory() / 3);
    }

    /** @param panelBytes bytes of frozen weights that are kept laid out for the tile kernels, at most */
    public CpuBackend(int threads, long panelBytes) {
        workers = new Workers(threads);
        frozen = new FrozenPanels(workers, panelBytes);
        matmul = new LowRankMatmul(workers, frozen);
        siblings = new SiblingMatmul(workers, frozen);
        loraGradients = new LoraGradients(workers);
        attention = new AttentionOps(workers);
        attentionBackward = new AttentionBackward(workers);
        caches = new CacheOps(workers);
        norms = new NormOps(workers);
        ropes = new RopeOps(workers);
        dropouts = new DropoutOps(workers);
        swiGlus = new SwiGluOps(workers);
        rows = new RowOps(workers);
        affines = new AffineOps(workers);
        logProbs = new LogProbOps(workers, frozen);
        weightGradients = new WeightGradients(workers);
        headGradient = new HeadGradient(workers);
        optimiser = new OptimiserOps(workers);
    }

    @Override
    public String name() {
        return "cpu";
    }

    @Override
    public String description() {
        return "CPU (" + System.getProperty("os.arch") + "), vectors of " + TileShape.LANES + " floats, "
                + workers.threads() + (workers.threads() == 1 ? " thread" : " threads");
    }

    /**
     * Nanoseconds that the threads, all together, have spent inside tasks of operations since the backend was opened; the rest of
     * threads × time they waited, or the caller was elsewhere. Exact between operations, for the thread that calls them.
     */
    public long busyNanos() {
        return workers.parallel.busyNanos();
    }

    /** Bytes that operations have taken for themselves so far: threads' own memory, and what they share. */
    public long scratchBytes() {
        return workers.scratchBytes();
    }

    @Override
    public Tensor allocate(DType dtype, int rowCount, int cols) {
        return Tensor.allocate(arena, dtype, rowCount, cols);
    }

    @Override
    public Workspace workspace(long bytes) {
        return new Workspace(bytes);
    }

    @Override
    public Tensor resident(Tensor host) {
        frozen.register(host);
        return host;
    }

    @Override
    public void upload(Tensor to, float[] values) {
        Shapes.require(values.length >= to.elements(), "upload", to);
        for (int r = 0; r < to.rows(); r++) {
            MemorySegment.copy(
                    values, r * to.cols(), to.data(), ValueLayout.JAVA_FLOAT_UNALIGNED, to.offset(r, 0), to.cols());
        }
    }

    @Override
    public void download(float[] values, Tensor from) {
        Shapes.require(values.length >= from.elements(), "download", from);
        for (int r = 0; r < from.rows(); r++) {
            MemorySegment.copy(
                    from.data(),
                    ValueLayout.JAVA_FLOAT_UNALIGNED,
                    from.offset(r, 0),
                    values,
                    r * from.cols(),
                    from.cols());
        }
    }

    @Override
    public void synchronise() {
        // Every operation returns when it is done.
    }

    @Override
    public void embed(Tensor x, Tensor table, Batch batch) {
        Shapes.f32("embed", x);
        Shapes.require(x.rows() == batch.tokenCount() && x.cols() == table.cols(), "embed", x, table);
        rows.embed(x, table, batch);
    }

    @Override
    public void rmsNorm(Tensor y, Tensor rstd, Tensor x, Tensor w, float eps) {
        Shapes.norm("rmsNorm", y, x, w, rstd);
        norms.rmsNorm(y, rstd, x, w, eps);
    }

    @Override
    public void rmsNormBackward(Tensor dx, Tensor dy, Tensor x, Tensor w, Tensor rstd, Write write) {
        Shapes.norm("rmsNormBackward", dx, x, w, rstd);
        Shapes.same("rmsNormBackward", dx, dy);
        norms.rmsNormBackward(dx, dy, x, w, rstd, write);
    }

    @Override
    public void rope(Tensor x, Tensor table, Batch batch) {
        Shapes.rope("rope", x, table, batch);
        ropes.rotate(x, table, batch, 1);
    }

    @Override
    public void ropeBackward(Tensor dx, Tensor table, Batch batch) {
        Shapes.rope("ropeBackward", dx, table, batch);
        ropes.rotate(dx, table, batch, -1);
    }

    @Override
    public void dropout(Tensor y, Tensor x, Dropout dropout, Batch batch, Write write) {
        Shapes.same("dropout", y, x);
        Shapes.require(x.rows() == batch.tokenCount() && batch.drops(), "dropout", y, x);
        dropouts.run(y, x, dropout, batch, write);
    }

    @Override
    public void linear(Tensor y, Tensor t, Tensor x, Tensor w, Tensor bias, Tensor residual, Lora lora, Batch batch) {
        Shapes.linear("linear", y, t, x, w, lora, batch);
        Shapes.bias("linear", bias, y);
        if (residual != null) {
            Shapes.f32("linear", residual);
            Shapes.same("linear", residual, y);
        }
        matmul.forward(y, t, x, w, residual != null ? residual : bias, lora, batch);
        if (residual != null && bias != null) {
            rows.addRow(y, bias);
        }
    }

    @Override
    public void linears(Tensor x, List<Linear> layers, Batch batch) {
        if (!siblings.takes(x, layers)) {
            Backend.super.linears(x, layers, batch);
            return;
        }
        for (Linear layer : layers) {
            Shapes.linear("linears", layer.y(), null, x, layer.w(), null, batch);
            Shapes.bias("linears", layer.bias(), layer.y());
        }
        siblings.run(x, layers);
    }

    @Override
    public void affine(Tensor y, Tensor scale, Tensor bias, Tensor residual) {
        Shapes.affine("affine", y, scale, bias, residual);
        affines.affine(y, scale, bias, residual);
    }

    @Override
    public void linearBackward(
            Tensor dx, Tensor dt, Tensor dy, Tensor x, Tensor t, Tensor w, Lora lora, Batch batch, Write write) {
        if (dx != null) {
            Shapes.linear("linearBackward", dy, dt, dx, w, lora, batch);
            matmul.backward(dx, dt, dy, w, write == Write.ADD ? dx : null, lora, batch);
        } else if (lora != null) {
            matmul.backwardNarrow(dt, dy, lora, batch);
        }
        if (lora != null) {
            Shapes.linear("linearBackward", dy, t, x, w, lora, batch);
            loraGradients.add(dt, dy, x, t, lora, batch);
        }
    }

    @Override
    public void attention(Tensor o, Tensor lse, Tensor qkv, Heads heads, Batch batch) {
        Shapes.attention("attention", o, lse, qkv, heads, batch);
        attention.attention(o, lse, qkv, heads, batch);
    }

    @Override
    public void attentionBackward(
            Tensor dqkv, Tensor dout, Tensor qkv, Tensor o, Tensor lse, Heads heads, Batch batch) {
        Shapes.attention("attentionBackward", o, lse, qkv, heads, batch);
        Shapes.attention("attentionBackward", dout, lse, dqkv, heads, batch);
        attentionBackward.run(dqkv, dout, qkv, o, lse, heads, batch);
    }

    @Override
    public void cacheWrite(KvPages cache, Tensor qkv, Batch batch, PageTables tables) {
        Shapes.cached("cacheWrite", qkv, cache, batch, tables);
        caches.write(cache, qkv, batch, tables);
    }

    @Override
    public void attentionCached(Tensor o, Tensor qkv, KvPages cache, Batch batch, PageTables tables) {
        Shapes.cached("attentionCached", qkv, cache, batch, tables);
        Shapes.f32("attentionCached", o);
        Shapes.require(
                o.rows() == batch.tokenCount() && o.cols() == cache.heads().queryCols(), "attentionCached", o, qkv);
        caches.attention(o, qkv, cache, batch, tables);
    }

    @Override
    public void swiGlu(Tensor y, Tensor gateUp) {
        Shapes.gated("swiGlu", y, gateUp);
        swiGlus.swiGlu(y, gateUp);
    }

    @Override
    public void swiGluBackward(Tensor dGateUp, Tensor dy, Tensor gateUp) {
        Shapes.gated("swiGluBackward", dy, gateUp);
        Shapes.same("swiGluBackward", dGateUp, gateUp);
        swiGlus.swiGluBackward(dGateUp, dy, gateUp);
    }

    @Override
    public void gatherTargets(Tensor y, Tensor x, Batch batch) {
        Shapes.targets("gatherTargets", x, y, batch);
        rows.gatherTargets(y, x, batch);
    }

    @Override
    public void scatterTargets(Tensor dx, Tensor dy, Batch batch) {
        Shapes.targets("scatterTargets", dx, dy, batch);
        rows.scatterTargets(dx, dy, batch);
    }

    @Override
    public void logProb(Tensor logp, Tensor lse, Tensor logits, Tensor x, Tensor head, Batch batch) {
        Shapes.logProb("logProb", logp, lse, logits, x, head, batch);
        logProbs.logProb(logp, lse, logits, x, head, batch);
    }

    @Override
    public void logProbBackward(
            Tensor dx, Tensor dlogp, Tensor lse, Tensor logits, Tensor x, Tensor head, Batch batch) {
        Shapes.logProb("logProbBackward", dlogp, lse, logits, x, head, batch);
        Shapes.same("logProbBackward", dx, x);
        logProbs.logProbBackward(dx, dlogp, lse, logits, x, head, batch);
    }

    @Override
    public void linearWeightGradient(Tensor dw, Tensor dy, Tensor x) {
        Shapes.weightGradient("linearWeightGradient", dw, dy, x);
        weightGradients.linear(dw, dy, x);
    }

    @Override
    public void linearBiasGradient(Tensor db, Tensor dy) {
        Shapes.f32("linearBiasGradient", db);
        Shapes.f32("linearBiasGradient", dy);
        Shapes.require(db.rows() == 1 && db.cols() == dy.cols(), "linearBiasGradient", db, dy);
        weightGradients.bias(db, dy);
    }

    @Override
    public void rmsNormWeightGradient(Tensor dw, Tensor dy, Tensor x, Tensor rstd) {
        Shapes.norm("rmsNormWeightGradient", dy, x, dw, rstd);
        weightGradients.norm(dw, dy, x, rstd);
    }

    @Override
    public void embedBackward(Tensor dTable, Tensor dx, Batch batch) {
        Shapes.f32("embedBackward", dTable);
        Shapes.f32("embedBackward", dx);
        Shapes.require(dx.rows() == batch.tokenCount() && dx.cols() == dTable.cols(), "embedBackward", dTable, dx);
        weightGradients.embedding(dTable, dx, batch);
    }

    @Override
    public void logProbHeadGradient(
            Tensor dHead, Tensor dlogp, Tensor lse, Tensor logits, Tensor x, Tensor head, Batch batch) {
        Shapes.logProb("logProbHeadGradient", dlogp, lse, logits, x, head, batch);
        Shapes.f32("logProbHeadGradient", dHead);
        Shapes.require(dHead.rows() == head.rows() && dHead.cols() == head.cols(), "logProbHeadGradient", dHead, head);
        headGradient.add(dHead, dlogp, lse, logits, x, head, batch);
    }

    @Override
    public void zero(Tensor y) {
        Shapes.f32("zero", y);
        rows.zero(y);
    }

    @Override
    public double sumOfSquares(Tensor x) {
        Shapes.f32("sumOfSquares", x);
        return optimiser.sumOfSquares(x);
    }

    @Override
    public void adamW(Tensor w, Tensor g, Tensor m, Tensor v, AdamWStep step) {
        Shapes.f32("adamW", w);
        Shapes.same("adamW", w, g);
        Shapes.same("adamW", w, m);
        Shapes.same("adamW", w, v);
        optimiser.adamW(w, g, m, v, step);
    }

    @Override
    public void close() {
        workers.close();
        arena.close();
    }
}
