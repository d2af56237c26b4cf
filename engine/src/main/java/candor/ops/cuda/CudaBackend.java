package candor.ops.cuda;

import static candor.bindings.generated.CandorKernels.*;
import static candor.ops.cuda.LoraEntries.address;
import static candor.ops.cuda.LoraEntries.stride;

import candor.bindings.NativeLibrary;
import candor.bindings.generated.candor_adamw_part;
import candor.ops.AdamWStep;
import candor.ops.Backend;
import candor.ops.Batch;
import candor.ops.Heads;
import candor.ops.KvPages;
import candor.ops.Lora;
import candor.ops.PageTables;
import candor.ops.Write;
import candor.tensor.DType;
import candor.tensor.Tensor;
import candor.tensor.Workspace;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** The kernels of a GPU, or of the emulator that plays one. For one caller at a time. */
public final class CudaBackend implements Backend {
    private final String name;
    private final Device device;
    private final MemorySegment stream;
    private final Staging staging;
    private final BatchOnDevice batches;
    private final PagesOnDevice pages;
    private final LoraEntries loras = new LoraEntries();
    private final Arena arena = Arena.ofShared();
    private final MemorySegment sum = arena.allocate(ValueLayout.JAVA_DOUBLE);
    private final MemorySegment part = candor_adamw_part.allocate(arena);

    private CudaBackend(String name, NativeLibrary library) {
        this.name = name;
        device = new Device(library, "--backend " + name);
        stream = device.stream();
        staging = new Staging(device);
        batches = new BatchOnDevice(device, staging);
        pages = new PagesOnDevice(device, staging);
    }

    /**
     * The first GPU.
     *
     * @throws candor.BadInput where there is none, or the library is missing: the line says what was looked for
     */
    public static CudaBackend open() {
        return new CudaBackend("cuda", NativeLibrary.CUDA);
    }

    /**
     * The same kernels, run by this processor: slow, and for checking them.
     *
     * @throws candor.BadInput where the library is missing: the line says what was looked for
     */
    public static CudaBackend emulated() {
        return new CudaBackend("cuda-emulated", NativeLibrary.EMULATED);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String description() {
        return device.description();
    }

    /** Bytes of the device's memory that are free. */
    public long freeBytes() {
        return device.free();
    }

    @Override
    public DType activations() {
        return DType.BF16;
    }

    @Override
    public Tensor allocate(DType dtype, int rows, int cols) {
        return Tensor.of(device.allocateZero((long) rows * cols * dtype.bytes()), dtype, rows, cols);
    }

    @Override
    public Workspace workspace(long bytes) {
        MemorySegment memory = device.allocate(bytes);
        return Workspace.onDevice(memory, bytes, () -> device.release(memory));
    }

    @Override
    public Tensor resident(Tensor host) {
        return copied(host, DType.BF16);
    }

    @Override
    public Tensor constant(Tensor host) {
        Shapes.f32("constant", host);
        return copied(host, DType.F32);
    }

    private Tensor copied(Tensor host, DType type) {
        MemorySegment memory = device.allocate((long) host.rows() * host.cols() * type.bytes());
        Tensor copy = Tensor.of(memory, type, host.rows(), host.cols());
        staging.upload(copy, host);
        return copy;
    }

    @Override
    public void upload(Tensor to, float[] values) {
        Shapes.require(values.length >= to.elements(), "upload", to);
        staging.upload(to, values);
    }

    @Override
    public void download(float[] values, Tensor from) {
        Shapes.require(values.length >= from.elements(), "download", from);
        staging.download(values, from);
    }

    @Override
    public void synchronise() {
        device.synchronise();
    }

    @Override
    public void embed(Tensor x, Tensor table, Batch batch) {
        int n = batch.tokenCount();
        Shapes.bf16("embed", table);
        Shapes.shape("embed", DType.BF16, x, n, table.cols());
        Shapes.require(batch.largestId() < table.rows(), "embed", x, table);
        device.check(candor_embed(
                x.data(),
                x.stride(),
                table.data(),
                table.stride(),
                batches.of(batch).tokens(),
                n,
                x.cols(),
                stream));
    }

    @Override
    public void rmsNorm(Tensor y, Tensor rstd, Tensor x, Tensor w, float eps) {
        Shapes.norm("rmsNorm", y, x, w, rstd);
        device.check(candor_rms_norm(
                y.data(),
                y.stride(),
                rstd.data(),
                rstd.stride(),
                x.data(),
                x.stride(),
                w.data(),
                eps,
                x.rows(),
                rstd.cols(),
                w.cols(),
                stream));
    }

    @Override
    public void rmsNormBackward(Tensor dx, Tensor dy, Tensor x, Tensor w, Tensor rstd, Write write) {
        Shapes.norm("rmsNormBackward", dx, x, w, rstd);
        Shapes.same("rmsNormBackward", dx, dy);
        device.check(candor_rms_norm_backward(
                dx.data(),
                dx.stride(),
                dy.data(),
                dy.stride(),
                x.data(),
                x.stride(),
                w.data(),
                rstd.data(),
                rstd.stride(),
                add(write),
                x.rows(),
                rstd.cols(),
                w.cols(),
                stream));
    }

    private static int add(Write write) {
        return write == Write.ADD ? 1 : 0;
    }

    @Override
    public void rope(Tensor x, Tensor table, Batch batch) {
        rotate("rope", x, table, batch, 1);
    }

    @Override
    public void ropeBackward(Tensor dx, Tensor table, Batch batch) {
        rotate("ropeBackward", dx, table, batch, -1);
    }

    private void rotate(String op, Tensor x, Tensor table, Batch batch, int direction) {
        Shapes.rope(op, x, table, batch);
        BatchOnDevice there = batches.of(batch);
        Shapes.require(there.lastPosition() < table.rows(), op, x, table);
        device.check(candor_rope(
                x.data(),
                x.stride(),
                table.data(),
                table.stride(),
                there.positions(),
                direction,
                x.rows(),
                x.cols() / table.cols(),
                table.cols(),
                stream));
    }

    @Override
    public void linear(Tensor y, Tensor t, Tensor x, Tensor w, Tensor bias, Tensor residual, Lora lora, Batch batch) {
        if (y.dtype() == DType.F32) {
            logits(y, x, w, bias, residual, lora);
            return;
        }
        Shapes.linear("linear", y, t, x, w, lora, batch);
        Shapes.dense("linear", bias);
        Shapes.require(bias == null || bias.cols() == w.rows(), "linear", bias, w);
        if (residual != null) {
            Shapes.same("linear", y, residual);
        }
        LoraEntries entries = loras.of(lora, batch);
        device.check(candor_linear(
                y.data(),
                y.stride(),
                address(t),
                stride(t),
                x.data(),
                x.stride(),
                w.data(),
                w.stride(),
                address(bias),
                address(residual),
                stride(residual),
                entries.entries(),
                entries.count(),
                lora == null ? 0 : lora.paddedRank(),
                x.rows(),
                w.cols(),
                w.rows(),
                stream));
    }

    /** The one linear layer whose output is float32: the head. */
    private void logits(Tensor y, Tensor x, Tensor w, Tensor bias, Tensor residual, Lora lora) {
        if (bias != null || residual != null || lora != null) {
            throw new IllegalArgumentException("linear: a float32 output has no bias, residual or adapters");
        }
        Shapes.bf16("linear", x);
        Shapes.bf16("linear", w);
        Shapes.require(y.rows() == x.rows() && y.cols() == w.rows() && x.cols() == w.cols(), "linear", y, x, w);
        device.check(candor_logits(
                y.data(),
                y.stride(),
                x.data(),
                x.stride(),
                w.data(),
                w.stride(),
                x.rows(),
                w.cols(),
                w.rows(),
                stream));
    }

    @Override
    public void linearBackward(
            Tensor dx, Tensor dt, Tensor dy, Tensor x, Tensor t, Tensor w, Lora lora, Batch batch, Write write) {
        if (dx != null) {
            Shapes.linear("linearBackward", dy, dt, dx, w, lora, batch);
        }
        if (lora != null) {
            Shapes.linear("linearBackward", dy, t, x, w, lora, batch);
            Shapes.same("linearBackward", t, dt);
        }
        LoraEntries entries = loras.of(lora, batch);
        if (dx == null && entries.count() == 0) {
            return;
        }
        device.check(candor_linear_backward(
                address(dx),
                stride(dx),
                address(dt),
                stride(dt),
                dy.data(),
                dy.stride(),
                address(x),
                stride(x),
                address(t),
                stride(t),
                w.data(),
                w.stride(),
                entries.entries(),
                entries.count(),
                lora == null ? 0 : lora.paddedRank(),
                add(write),
                dy.rows(),
                w.cols(),
                w.rows(),
                stream));
    }

    @Override
    public void attention(Tensor o, Tensor lse, Tensor qkv, Heads heads, Batch batch) {
        Shapes.attention("attention", o, lse, qkv, heads, batch);
        device.check(candor_attention(
                o.data(),
                o.stride(),
                lse.data(),
                lse.stride(),
                qkv.data(),
                qkv.stride(),
                batches.of(batch).starts(),
                batch.sequenceCount(),
                batch.longest(),
                qkv.rows(),
                heads.query(),
                heads.key(),
                heads.width(),
                stream));
    }

    @Override
    public void attentionBackward(
            Tensor dqkv, Tensor dout, Tensor qkv, Tensor o, Tensor lse, Heads heads, Batch batch) {
        Shapes.attention("attentionBackward", o, lse, qkv, heads, batch);
        Shapes.attention("attentionBackward", dout, lse, dqkv, heads, batch);
        device.check(candor_attention_backward(
                dqkv.data(),
                dqkv.stride(),
                dout.data(),
                dout.stride(),
                qkv.data(),
                qkv.stride(),
                o.data(),
                o.stride(),
                lse.data(),
                lse.stride(),
                batches.of(batch).starts(),
                batch.sequenceCount(),
                batch.longest(),
                qkv.rows(),
                heads.query(),
                heads.key(),
                heads.width(),
                stream));
    }

    @Override
    public void cacheWrite(KvPages cache, Tensor qkv, Batch batch, PageTables tables) {
        Shapes.cached("cacheWrite", qkv, cache, batch, tables);
        BatchOnDevice there = batches.of(batch);
        pages.of(batch, tables);
        Heads heads = cache.heads();
        device.check(candor_cache_write(
                pages.slabs(cache),
                cache.slab(0).stride(),
                cache.slabPages(),
                qkv.data(),
                qkv.stride(),
                pages.pages(),
                pages.firstPages(),
                there.positions(),
                there.sequences(),
                qkv.rows(),
                heads.query(),
                heads.key(),
                heads.width(),
                stream));
    }

    @Override
    public void attentionCached(Tensor o, Tensor qkv, KvPages cache, Batch batch, PageTables tables) {
        Shapes.cached("attentionCached", qkv, cache, batch, tables);
        Shapes.shape(
                "attentionCached",
                DType.BF16,
                o,
                batch.tokenCount(),
                cache.heads().queryCols());
        BatchOnDevice there = batches.of(batch);
        pages.of(batch, tables);
        Heads heads = cache.heads();
        device.check(candor_attention_cached(
                o.data(),
                o.stride(),
                qkv.data(),
                qkv.stride(),
                pages.slabs(cache),
                cache.slab(0).stride(),
                cache.slabPages(),
                pages.pages(),
                pages.firstPages(),
                there.positions(),
                there.sequences(),
                there.starts(),
                batch.sequenceCount(),
                batch.longest(),
                there.lastPosition(),
                qkv.rows(),
                heads.query(),
                heads.key(),
                heads.width(),
                stream));
    }

    @Override
    public void swiGlu(Tensor y, Tensor gateUp) {
        Shapes.gated("swiGlu", y, gateUp);
        device.check(candor_swiglu(y.data(), y.stride(), gateUp.data(), gateUp.stride(), y.rows(), y.cols(), stream));
    }

    @Override
    public void swiGluBackward(Tensor dGateUp, Tensor dy, Tensor gateUp) {
        Shapes.gated("swiGluBackward", dy, gateUp);
        Shapes.same("swiGluBackward", dGateUp, gateUp);
        device.check(candor_swiglu_backward(
                dGateUp.data(),
                dGateUp.stride(),
                dy.data(),
                dy.stride(),
                gateUp.data(),
                gateUp.stride(),
                dy.rows(),
                dy.cols(),
                stream));
    }

    @Override
    public void gatherTargets(Tensor y, Tensor x, Batch batch) {
        Shapes.targets("gatherTargets", x, y, batch);
        device.check(candor_gather_rows(
                y.data(),
                y.stride(),
                x.data(),
                x.stride(),
                batches.of(batch).targetRows(),
                y.rows(),
                y.cols(),
                stream));
    }

    @Override
    public void scatterTargets(Tensor dx, Tensor dy, Batch batch) {
        Shapes.targets("scatterTargets", dx, dy, batch);
        device.check(candor_scatter_rows(
                dx.data(),
                dx.stride(),
                dy.data(),
                dy.stride(),
                batches.of(batch).sources(),
                dx.rows(),
                dx.cols(),
                stream));
    }

    @Override
    public void logProb(Tensor logp, Tensor lse, Tensor logits, Tensor x, Tensor head, Batch batch) {
        Shapes.logProb("logProb", logp, lse, logits, x, head, batch);
        Shapes.require(batch.largestId() < head.rows(), "logProb", x, head);
        device.check(candor_log_prob(
                logp.data(),
                logp.stride(),
                lse.data(),
                lse.stride(),
                address(logits),
                stride(logits),
                x.data(),
                x.stride(),
                head.data(),
                head.stride(),
                batches.of(batch).targets(),
                x.rows(),
                x.cols(),
                head.rows(),
                stream));
    }

    @Override
    public void logProbBackward(
            Tensor dx, Tensor dlogp, Tensor lse, Tensor logits, Tensor x, Tensor head, Batch batch) {
        Shapes.logProb("logProbBackward", dlogp, lse, logits, x, head, batch);
        Shapes.same("logProbBackward", x, dx);
        Shapes.require(batch.largestId() < head.rows(), "logProbBackward", x, head);
        device.check(candor_log_prob_backward(
                dx.data(),
                dx.stride(),
                dlogp.data(),
                dlogp.stride(),
                lse.data(),
                lse.stride(),
                address(logits),
                stride(logits),
                x.data(),
                x.stride(),
                head.data(),
                head.stride(),
                batches.of(batch).targets(),
                x.rows(),
                x.cols(),
                head.rows(),
                stream));
    }

    @Override
    public void zero(Tensor y) {
        int bytes = y.dtype().bytes();
        device.check(candor_zero(y.data(), y.stride() * bytes, (long) y.cols() * bytes, y.rows(), stream));
    }

    @Override
    public double sumOfSquares(Tensor x) {
        Shapes.f32("sumOfSquares", x);
        device.check(candor_sum_of_squares(sum, x.data(), x.stride(), x.rows(), x.cols(), stream));
        return sum.get(ValueLayout.JAVA_DOUBLE, 0);
    }

    @Override
    public void adamW(Tensor w, Tensor g, Tensor m, Tensor v, AdamWStep step) {
        Shapes.dense("adamW", w, g, m, v);
        Shapes.same("adamW", w, g);
        Shapes.same("adamW", w, m);
        Shapes.same("adamW", w, v);
        candor_adamw_part.w(part, w.data());
        candor_adamw_part.g(part, g.data());
        candor_adamw_part.m(part, m.data());
        candor_adamw_part.v(part, v.data());
        candor_adamw_part.count(part, w.elements());
        candor_adamw_part.step(part, step.step());
        candor_adamw_part.learning_rate(part, step.learningRate());
        candor_adamw_part.beta1(part, step.beta1());
        candor_adamw_part.beta2(part, step.beta2());
        candor_adamw_part.epsilon(part, step.epsilon());
        candor_adamw_part.weight_decay(part, step.weightDecay());
        candor_adamw_part.grad_scale(part, step.gradScale());
        device.check(candor_adamw(part, 1, stream));
    }

    @Override
    public void close() {
        try {
            staging.close();
        } finally {
            device.close();
            loras.close();
            arena.close();
        }
    }
}
