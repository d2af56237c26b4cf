package candor.ops.cuda;

import static candor.bindings.generated.CandorKernels.candor_adamw_fold;

import candor.bindings.NativeLibrary;
import candor.bindings.generated.candor_adamw_numbers;
import candor.bindings.generated.candor_adamw_step;
import candor.ops.AdamWStep;
import candor.ops.Backend;
import candor.ops.Batch;
import candor.ops.Dropout;
import candor.ops.Heads;
import candor.ops.KvPages;
import candor.ops.Lora;
import candor.ops.PageTables;
import candor.ops.Write;
import candor.ops.cuda.AttentionCalls.Sequences;
import candor.ops.cuda.LinearCalls.Loras;
import candor.tensor.DType;
import candor.tensor.Tensor;
import candor.tensor.Workspace;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.OptionalLong;

/**
 * The kernels of a GPU, or of the emulator that plays one. For one caller at a time.
 *
 * <p>Calls are collected until somebody needs what they do, a download or a sum, and go over as one graph where the same calls
 * have come before; see {@link GraphCache}. The bytes are the same. {@code -Dcandor.cuda.graphs=false} issues each at once.
 */
public final class CudaBackend implements Backend {
    /** "false" where no graphs are wanted: to see which call fails. */
    public static final String GRAPHS = "candor.cuda.graphs";

    /** Bytes of pinned memory on the way to a device and back. */
    public static final long STAGING_BYTES = Staging.ALL_BYTES;

    private final String name;
    private final Device device;
    private final CallQueue calls;
    private final Staging staging;
    private final BatchOnDevice batches;
    private final PagesOnDevice pages;
    private final Integers numbers;
    private final long sum;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment step = candor_adamw_step.allocate(arena);
    private final MemorySegment folded = candor_adamw_numbers.allocate(arena);

    private CudaBackend(String name, NativeLibrary library) {
        this.name = name;
        device = new Device(library, "--backend " + name, !"false".equals(System.getProperty(GRAPHS)));
        calls = device.calls();
        staging = new Staging(device);
        batches = new BatchOnDevice(device, staging);
        pages = new PagesOnDevice(device, staging);
        numbers = new Integers(device, staging);
        sum = device.allocate(Double.BYTES).address();
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

    @Override
    public OptionalLong freeBytes() {
        return OptionalLong.of(device.free());
    }

    /** What became of graphs so far. */
    public GraphUse graphs() {
        return calls.use();
    }

    /** Bytes of the device's memory that are in use; what is kept for the next use is given up when others need it. */
    public long usedBytes() {
        return device.used();
    }

    /** Bytes of the device's memory that are in use, and kept for the next use. */
    long heldBytes() {
        return device.held();
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
        Shapes.bf16("embed", table);
        Shapes.shape("embed", DType.BF16, x, batch.tokenCount(), table.cols());
        Shapes.require(batch.largestId() < table.rows(), "embed", x, table);
        calls.add(new RowCalls.Embed(x, table, batches.of(batch).tokens()));
    }

    @Override
    public void rmsNorm(Tensor y, Tensor rstd, Tensor x, Tensor w, float eps) {
        Shapes.norm("rmsNorm", y, x, w, rstd);
        calls.add(new RowCalls.RmsNorm(y, rstd, x, w, eps));
    }

    @Override
    public void rmsNormBackward(Tensor dx, Tensor dy, Tensor x, Tensor w, Tensor rstd, Write write) {
        Shapes.norm("rmsNormBackward", dx, x, w, rstd);
        Shapes.same("rmsNormBackward", dx, dy);
        calls.add(new RowCalls.RmsNormBackward(dx, dy, x, w, rstd, add(write)));
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
        calls.add(new RowCalls.Rope(x, table, there.positions(), direction));
    }

    @Override
    public void dropout(Tensor y, Tensor x, Dropout dropout, Batch batch, Write write) {
        Shapes.shape("dropout", DType.BF16, x, batch.tokenCount(), y.cols());
        Shapes.same("dropout", y, x);
        Shapes.require(batch.drops(), "dropout", y, x);
        BatchOnDevice there = batches.of(batch);
        for (Batch.Run run : batch.runs()) {
            if (dropout.drops(run.slot())) {
                RowCalls.Drops drops = new RowCalls.Drops(
                        there.dropoutKeys(),
                        there.sequences(),
                        there.positions(),
                        dropout.module(),
                        dropout.threshold(run.slot()),
                        dropout.scale(run.slot()),
                        run.start(),
                        run.end());
                calls.add(new RowCalls.DropOut(y, x, drops, add(write)));
            }
        }
    }

    @Override
    public void linear(Tensor y, Tensor t, Tensor x, Tensor w, Tensor bias, Tensor residual, Lora lora, Batch batch) {
        if (y.dtype() == DType.F32) {
            logits(y, x, w, bias, residual, lora);
            return;
        }
        Shapes.linear("linear", y, t, x, w, lora, batch);
        Shapes.dense("linear", bias);
        Shapes.require(bias == null || bias.cols() == y.cols(), "linear", bias, y);
        if (residual != null) {
            Shapes.same("linear", y, residual);
        }
        calls.add(new LinearCalls.Linear(y, t, x, w, bias, residual, Loras.of(lora, batch)));
    }

    /** The one linear layer whose output is float32: the head. */
    private void logits(Tensor y, Tensor x, Tensor w, Tensor bias, Tensor residual, Lora lora) {
        if (bias != null || residual != null || lora != null) {
            throw new IllegalArgumentException("linear: a float32 output has no bias, residual or adapters");
        }
        Shapes.bf16("linear", x);
        Shapes.bf16("linear", w);
        Shapes.require(y.rows() == x.rows() && y.cols() == w.rows() && x.cols() == w.cols(), "linear", y, x, w);
        calls.add(new LinearCalls.Logits(y, x, w));
    }

    @Override
    public void affine(Tensor y, Tensor scale, Tensor bias, Tensor residual) {
        Shapes.bf16("affine", y);
        Shapes.dense("affine", scale, bias);
        Shapes.require(scale == null || scale.cols() == y.cols(), "affine", y, scale);
        Shapes.require(bias == null || bias.cols() == y.cols(), "affine", y, bias);
        if (residual != null) {
            Shapes.same("affine", y, residual);
        }
        calls.add(new RowCalls.Affine(y, scale, bias, residual));
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
        Loras entries = Loras.of(lora, batch);
        if (dx == null && entries.entries().isEmpty()) {
            return;
        }
        calls.add(new LinearCalls.LinearBackward(dx, dt, dy, x, t, w, entries, add(write)));
    }

    @Override
    public void attention(Tensor o, Tensor lse, Tensor qkv, Heads heads, Batch batch) {
        Shapes.attention("attention", o, lse, qkv, heads, batch);
        calls.add(new AttentionCalls.Attention(o, lse, qkv, heads, Sequences.inTiles(batches.of(batch), batch)));
    }

    @Override
    public void attentionBackward(
            Tensor dqkv, Tensor dout, Tensor qkv, Tensor o, Tensor lse, Heads heads, Batch batch) {
        Shapes.attention("attentionBackward", o, lse, qkv, heads, batch);
        Shapes.attention("attentionBackward", dout, lse, dqkv, heads, batch);
        calls.add(new AttentionCalls.AttentionBackward(
                dqkv, dout, qkv, o, lse, heads, Sequences.inTiles(batches.of(batch), batch)));
    }

    @Override
    public void cacheWrite(KvPages cache, Tensor qkv, Batch batch, PageTables tables) {
        Shapes.cached("cacheWrite", qkv, cache, batch, tables);
        BatchOnDevice there = batches.of(batch);
        pages.of(batch, tables);
        calls.add(new AttentionCalls.CacheWrite(
                onDevice(cache), qkv, cache.heads(), there.positions(), there.sequences()));
    }

    private AttentionCalls.Cache onDevice(KvPages cache) {
        return new AttentionCalls.Cache(
                pages.slabs(cache), cache.slab(0).stride(), cache.slabPages(), pages.pages(), pages.firstPages());
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
        calls.add(new AttentionCalls.AttentionCached(
                o, qkv, cache.heads(), onDevice(cache), there.positions(), Sequences.of(there, batch)));
    }

    @Override
    public void swiGlu(Tensor y, Tensor gateUp) {
        Shapes.gated("swiGlu", y, gateUp);
        calls.add(new RowCalls.SwiGlu(y, gateUp));
    }

    @Override
    public void swiGluBackward(Tensor dGateUp, Tensor dy, Tensor gateUp) {
        Shapes.gated("swiGluBackward", dy, gateUp);
        Shapes.same("swiGluBackward", dGateUp, gateUp);
        calls.add(new RowCalls.SwiGluBackward(dGateUp, dy, gateUp));
    }

    @Override
    public void gatherTargets(Tensor y, Tensor x, Batch batch) {
        Shapes.targets("gatherTargets", x, y, batch);
        calls.add(new RowCalls.GatherRows(y, x, batches.of(batch).targetRows()));
    }

    @Override
    public void scatterTargets(Tensor dx, Tensor dy, Batch batch) {
        Shapes.targets("scatterTargets", dx, dy, batch);
        calls.add(new RowCalls.ScatterRows(dx, dy, batches.of(batch).sources()));
    }

    @Override
    public void logProb(Tensor logp, Tensor lse, Tensor logits, Tensor x, Tensor head, Batch batch) {
        Shapes.logProb("logProb", logp, lse, logits, x, head, batch);
        Shapes.require(batch.largestId() < head.rows(), "logProb", x, head);
        calls.add(new HeadCalls.LogProb(
                logp, lse, logits, x, head, batches.of(batch).targets()));
    }

    @Override
    public void logProbBackward(
            Tensor dx, Tensor dlogp, Tensor lse, Tensor logits, Tensor x, Tensor head, Batch batch) {
        Shapes.logProb("logProbBackward", dlogp, lse, logits, x, head, batch);
        Shapes.same("logProbBackward", x, dx);
        Shapes.require(batch.largestId() < head.rows(), "logProbBackward", x, head);
        calls.add(new HeadCalls.LogProbBackward(
                dx, dlogp, lse, logits, x, head, batches.of(batch).targets()));
    }

    @Override
    public void zero(Tensor y) {
        calls.add(new RowCalls.Zero(y));
    }

    @Override
    public double sumOfSquares(Tensor x) {
        Shapes.f32("sumOfSquares", x);
        calls.add(new HeadCalls.SumOfSquares(sum, x));
        return staging.download(sum);
    }

    @Override
    public void adamW(Tensor w, Tensor g, Tensor m, Tensor v, AdamWStep now) {
        Shapes.dense("adamW", w, g, m, v);
        Shapes.same("adamW", w, g);
        Shapes.same("adamW", w, m);
        Shapes.same("adamW", w, v);
        calls.add(new HeadCalls.AdamW(w, g, m, v, fold(now)));
    }

    /** Puts the numbers of a step on the device. */
    private long fold(AdamWStep now) {
        candor_adamw_step.step(step, now.step());
        candor_adamw_step.learning_rate(step, now.learningRate());
        candor_adamw_step.beta1(step, now.beta1());
        candor_adamw_step.beta2(step, now.beta2());
        candor_adamw_step.epsilon(step, now.epsilon());
        candor_adamw_step.weight_decay(step, now.weightDecay());
        candor_adamw_step.grad_scale(step, now.gradScale());
        device.check(candor_adamw_fold(folded, step));
        numbers.clear();
        for (long at = 0; at < folded.byteSize(); at += Integer.BYTES) {
            numbers.add(folded.get(ValueLayout.JAVA_INT, at));
        }
        numbers.copy();
        return numbers.at(0);
    }

    @Override
    public void close() {
        try {
            staging.close();
        } finally {
            device.close();
            arena.close();
        }
    }
}
