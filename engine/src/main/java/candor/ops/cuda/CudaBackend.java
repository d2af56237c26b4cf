package candor.ops.cuda;

import static candor.bindings.generated.CandorKernels.candor_adamw_fold;

import candor.bindings.NativeLibrary;
import candor.bindings.generated.candor_adamw_numbers;
import candor.bindings.generated.candor_adamw_step;
import candor.ops.AdamWStep;
import candor.ops.Backend;
import candor.ops.Batch;
import candor.ops.DropoutRates;
import candor.ops.KvPages;
import candor.ops.Write;
import candor.ops.cuda.AttentionCalls.Sequences;
import candor.ops.cuda.LinearCalls.Loras;
import candor.ops.op.AdamW;
import candor.ops.op.Affine;
import candor.ops.op.Attention;
import candor.ops.op.AttentionBackward;
import candor.ops.op.AttentionCached;
import candor.ops.op.CacheWrite;
import candor.ops.op.Dropout;
import candor.ops.op.Embed;
import candor.ops.op.EmbedBackward;
import candor.ops.op.GatherTargets;
import candor.ops.op.GeGlu;
import candor.ops.op.GeGluBackward;
import candor.ops.op.Linear;
import candor.ops.op.LinearBackward;
import candor.ops.op.LinearBiasGradient;
import candor.ops.op.LinearWeightGradient;
import candor.ops.op.Linears;
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
import candor.ops.op.ScatterTargets;
import candor.ops.op.SumOfSquares;
import candor.ops.op.SwiGlu;
import candor.ops.op.SwiGluBackward;
import candor.ops.op.Zero;
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
        if (host.dtype() != DType.F32) {
            throw new IllegalArgumentException("constant: wants F32, got " + host.shape());
        }
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
        Backend.requireValues("upload", to, values);
        staging.upload(to, values);
    }

    @Override
    public void download(float[] values, Tensor from) {
        Backend.requireValues("download", from, values);
        staging.download(values, from);
    }

    @Override
    public void synchronise() {
        device.synchronise();
    }

    @Override
    public void run(Op op) {
        op.check(activations());
        switch (op) {
            case Embed o ->
                calls.add(new RowCalls.Embed(
                        o.x(), o.table(), batches.of(o.batch()).tokens()));
            case RmsNorm o -> calls.add(new RowCalls.RmsNorm(o.y(), o.rstd(), o.x(), o.w(), o.eps()));
            case RmsNormBackward o ->
                calls.add(new RowCalls.RmsNormBackward(o.dx(), o.dy(), o.x(), o.w(), o.rstd(), add(o.write())));
            case Rope o -> rotate(o.x(), o.table(), o.batch(), 1);
            case RopeBackward o -> rotate(o.dx(), o.table(), o.batch(), -1);
            case Dropout o -> dropout(o);
            case Linear o ->
                calls.add(new LinearCalls.Linear(
                        o.y(), o.t(), o.x(), o.w(), o.bias(), o.residual(), Loras.of(o.lora(), o.batch())));
            case Linears o -> o.layers().forEach(layer -> run(layer.of(o.x(), o.batch())));
            case LinearBackward o -> linearBackward(o);
            case Affine o -> calls.add(new RowCalls.Affine(o.y(), o.scale(), o.bias(), o.residual()));
            case Attention o -> attention(o);
            case AttentionBackward o -> attentionBackward(o);
            case CacheWrite o -> cacheWrite(o);
            case AttentionCached o -> attentionCached(o);
            case SwiGlu o -> calls.add(new RowCalls.SwiGlu(o.y(), o.gateUp()));
            case SwiGluBackward o -> calls.add(new RowCalls.SwiGluBackward(o.dGateUp(), o.dy(), o.gateUp()));
            case GatherTargets o ->
                calls.add(new RowCalls.GatherRows(
                        o.y(), o.x(), batches.of(o.batch()).targetRows()));
            case ScatterTargets o ->
                calls.add(new RowCalls.ScatterRows(
                        o.dx(), o.dy(), batches.of(o.batch()).sources()));
            case Logits o -> calls.add(new LinearCalls.Logits(o.logits(), o.x(), o.head()));
            case LogProb o ->
                calls.add(new HeadCalls.LogProb(
                        o.logp(),
                        o.lse(),
                        o.logits(),
                        o.x(),
                        o.head(),
                        batches.of(o.batch()).targets()));
            case LogProbBackward o ->
                calls.add(new HeadCalls.LogProbBackward(
                        o.dx(),
                        o.dlogp(),
                        o.lse(),
                        o.logits(),
                        o.x(),
                        o.head(),
                        batches.of(o.batch()).targets()));
            case LinearWeightGradient _,
                    LinearBiasGradient _,
                    RmsNormWeightGradient _,
                    EmbedBackward _,
                    LogProbHeadGradient _ ->
                throw new UnsupportedOperationException(
                        "this backend trains adapters only; train all weights with --backend cpu");
            case GeGlu o -> throw Limits.silu(o.name());
            case GeGluBackward o -> throw Limits.silu(o.name());
            case Zero o -> calls.add(new RowCalls.Zero(o.y()));
            case SumOfSquares o -> {
                calls.add(new HeadCalls.SumOfSquares(sum, o.x()));
                o.sum()[0] = staging.download(sum);
            }
            case AdamW o -> calls.add(new HeadCalls.AdamW(o.w(), o.g(), o.m(), o.v(), fold(o.step())));
        }
    }

    private static int add(Write write) {
        return write == Write.ADD ? 1 : 0;
    }

    private void rotate(Tensor x, Tensor table, Batch batch, int direction) {
        calls.add(new RowCalls.Rope(x, table, batches.of(batch).positions(), direction));
    }

    private void dropout(Dropout o) {
        DropoutRates rates = o.rates();
        BatchOnDevice there = batches.of(o.batch());
        for (Batch.Run run : o.batch().runs()) {
            if (rates.drops(run.slot())) {
                RowCalls.Drops drops = new RowCalls.Drops(
                        there.dropoutKeys(),
                        there.sequences(),
                        there.positions(),
                        rates.module(),
                        rates.threshold(run.slot()),
                        rates.scale(run.slot()),
                        run.start(),
                        run.end());
                calls.add(new RowCalls.DropOut(o.y(), o.x(), drops, add(o.write())));
            }
        }
    }

    private void linearBackward(LinearBackward o) {
        Loras entries = Loras.of(o.lora(), o.batch());
        if (o.dx() == null && entries.entries().isEmpty()) {
            return;
        }
        calls.add(new LinearCalls.LinearBackward(o.dx(), o.dt(), o.dy(), o.x(), o.t(), o.w(), entries, add(o.write())));
    }

    private void attention(Attention o) {
        Limits.heads(o.name(), o.heads(), o.batch().longest());
        Sequences sequences = Sequences.inTiles(batches.of(o.batch()), o.batch());
        calls.add(new AttentionCalls.Attention(o.o(), o.lse(), o.qkv(), o.heads(), sequences));
    }

    private void attentionBackward(AttentionBackward o) {
        Limits.heads(o.name(), o.heads(), o.batch().longest());
        Sequences sequences = Sequences.inTiles(batches.of(o.batch()), o.batch());
        calls.add(new AttentionCalls.AttentionBackward(
                o.dqkv(), o.dout(), o.qkv(), o.o(), o.lse(), o.heads(), sequences));
    }

    private void cacheWrite(CacheWrite o) {
        Limits.cache(o.name(), o.cache(), 0); // writing is the same whatever is read
        BatchOnDevice there = batches.of(o.batch());
        pages.of(o.batch(), o.tables());
        calls.add(new AttentionCalls.CacheWrite(
                onDevice(o.cache()), o.qkv(), o.cache().heads(), there.positions(), there.sequences()));
    }

    private void attentionCached(AttentionCached o) {
        Limits.cache(o.name(), o.cache(), reached(o.batch()));
        BatchOnDevice there = batches.of(o.batch());
        pages.of(o.batch(), o.tables());
        calls.add(new AttentionCalls.AttentionCached(
                o.o(),
                o.qkv(),
                o.cache().heads(),
                onDevice(o.cache()),
                there.positions(),
                Sequences.of(there, o.batch())));
    }

    /** Tokens of the longest sequence, those in a cache among them. */
    private static int reached(Batch batch) {
        int most = 0;
        for (int s = 0; s < batch.sequenceCount(); s++) {
            most = Math.max(most, batch.position(batch.start(s + 1) - 1) + 1);
        }
        return most;
    }

    private AttentionCalls.Cache onDevice(KvPages cache) {
        return new AttentionCalls.Cache(
                pages.slabs(cache), cache.slab(0).stride(), cache.slabPages(), pages.pages(), pages.firstPages());
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
