package candor.ops.cpu;

import candor.ops.Backend;
import candor.ops.BackendDescriptor;
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
import candor.ops.weight.FrozenWeight;
import candor.ops.weight.Nf4Weight;
import candor.ops.weight.PackedForm;
import candor.ops.weight.PlainForm;
import candor.ops.weight.StoredWeight;
import candor.ops.weight.WeightForm;
import candor.tensor.DType;
import candor.tensor.Tensor;
import candor.tensor.Workspace;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** The processor itself: vector instructions and a few threads. For one caller at a time. */
public final class CpuBackend implements Backend {
    /** What frozen weights laid out for the tile kernels take at most, unless the caller says otherwise. */
    private static final long PANEL_BYTES = 1L << 30;

    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

    private final Arena arena = Arena.ofShared();
    private final BackendDescriptor descriptor;
    private final Workers workers;
    private final FrozenPanels frozen;
    private final LowRankMatmul matmul;
    private final SiblingMatmul siblings;
    private final LoraGradients loraGradients;
    private final AttentionOps attention;
    private final AttentionGradients attentionGradients;
    private final CacheOps caches;
    private final NormOps norms;
    private final RopeOps ropes;
    private final DropoutOps dropouts;
    private final GatedOps gates;
    private final RowOps rows;
    private final AffineOps affines;
    private final SamplingOps sampling;
    private final LogProbOps logProbs;
    private final WeightGradients weightGradients;
    private final HeadGradient headGradient;
    private final OptimiserOps optimiser;

    /** @param threads how many threads compute, the caller included */
    public CpuBackend(int threads) {
        this(threads, DType.F32);
    }

    /**
     * @param threads how many threads compute, the caller included
     * @param products what the operands of products are rounded to, F32 or BF16; all else is float32
     */
    public CpuBackend(int threads, DType products) {
        this(threads, products, panelBudget());
    }

    /** Bytes of frozen weights that are kept laid out for the tile kernels, at most: a third of the heap, and 1 GiB. */
    public static long panelBudget() {
        return Math.min(PANEL_BYTES, Runtime.getRuntime().maxMemory() / 3);
    }

    /**
     * Bytes of so many elements of frozen weights that are laid out for the tile kernels, in both directions.
     *
     * @param products what the operands of products are rounded to
     */
    public static long panelBytes(WeightForm form, long elements, DType products) {
        return switch (form) {
            case PackedForm.NF4 -> elements + 2 * Float.BYTES * elements / Nf4Weight.BLOCK;
            case PackedForm _ -> 2 * elements;
            case PlainForm.F32, PlainForm.BF16 ->
                (CpuKernels.taken() == CpuKernels.JAVA ? 2 : 1)
                        * elements
                        * (form == PlainForm.BF16 ? DType.BF16 : products).bytes();
            default -> 2 * elements * products.bytes();
        };
    }

    /** @param panelBytes bytes of frozen weights that are kept laid out for the tile kernels, at most */
    public CpuBackend(int threads, long panelBytes) {
        this(threads, DType.F32, panelBytes);
    }

    /**
     * @param products what the operands of products are rounded to, F32 or BF16
     * @param panelBytes bytes of frozen weights that are kept laid out for the tile kernels, at most
     */
    public CpuBackend(int threads, DType products, long panelBytes) {
        this(threads, new Products(CpuKernels.taken(), products), panelBytes);
    }

    CpuBackend(int threads, Products products, long panelBytes) {
        descriptor = BackendDescriptor.CPU.withProducts(products.operands());
        workers = new Workers(threads, products);
        frozen = new FrozenPanels(workers, panelBytes);
        matmul = new LowRankMatmul(workers, frozen);
        siblings = new SiblingMatmul(workers, frozen);
        loraGradients = new LoraGradients(workers);
        attention = new AttentionOps(workers);
        attentionGradients = new AttentionGradients(workers);
        caches = new CacheOps(workers);
        norms = new NormOps(workers);
        ropes = new RopeOps(workers);
        dropouts = new DropoutOps(workers);
        gates = new GatedOps(workers);
        rows = new RowOps(workers);
        affines = new AffineOps(workers);
        sampling = new SamplingOps(workers);
        logProbs = new LogProbOps(workers, frozen);
        weightGradients = new WeightGradients(workers);
        headGradient = new HeadGradient(workers);
        optimiser = new OptimiserOps(workers);
    }

    @Override
    public BackendDescriptor descriptor() {
        return descriptor;
    }

    @Override
    public String arithmetic() {
        Products products = workers.products;
        return "CPU (" + System.getProperty("os.arch") + "), vectors of " + TileShape.LANES + " floats"
                + (products.rounds() ? ", products of bfloat16" : "")
                // In float32, and where bf16 is multiplied as float32 is, bytes do not depend on whose loops they are.
                + (products.pairs() ? " by " + products.kernels() : "");
    }

    @Override
    public String description() {
        return arithmetic() + ", loops of " + workers.products.kernels() + ", " + workers.threads()
                + (workers.threads() == 1 ? " thread" : " threads");
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
    public FrozenWeight freeze(StoredWeight host) {
        return new CpuWeight(host, workers.panels);
    }

    @Override
    public Tensor constant(Tensor host) {
        return host;
    }

    @Override
    public void upload(Tensor to, float[] values) {
        Backend.requireValues("upload", to, values);
        for (int r = 0; r < to.rows(); r++) {
            int from = r * to.cols();
            if (to.dtype() == DType.F32) {
                MemorySegment.copy(values, from, to.data(), FLOAT, to.offset(r, 0), to.cols());
                continue;
            }
            for (int c = 0; c < to.cols(); c++) {
                to.set(r, c, values[from + c]);
            }
        }
    }

    @Override
    public void download(float[] values, Tensor from) {
        Backend.requireValues("download", from, values);
        for (int r = 0; r < from.rows(); r++) {
            int to = r * from.cols();
            if (from.dtype() == DType.F32) {
                MemorySegment.copy(from.data(), FLOAT, from.offset(r, 0), values, to, from.cols());
                continue;
            }
            for (int c = 0; c < from.cols(); c++) {
                values[to + c] = (float) from.get(r, c);
            }
        }
    }

    @Override
    public void synchronise() {
        // Every operation returns when it is done.
    }

    @Override
    public void run(Op op) {
        op.check(activations());
        switch (op) {
            case Embed o -> rows.run(o);
            case RmsNorm o -> norms.run(o);
            case RmsNormBackward o -> norms.run(o);
            case Rope o -> ropes.run(o);
            case RopeBackward o -> ropes.run(o);
            case Dropout o -> dropouts.run(o);
            case Linear o -> linear(o);
            case Linears o -> linears(o);
            case LinearBackward o -> linearBackward(o);
            case LinearsBackward o -> linearsBackward(o);
            case Affine o -> affines.run(o);
            case Attention o -> attention.run(o);
            case AttentionBackward o -> attentionGradients.run(o);
            case CacheWrite o -> caches.run(o);
            case AttentionCached o -> caches.run(o);
            case SwiGlu o -> gates.forward(GatedOps.Activation.SILU, o.y(), o.gateUp());
            case SwiGluBackward o -> gates.backward(GatedOps.Activation.SILU, o.dGateUp(), o.dy(), o.gateUp());
            case GeGlu o -> gates.forward(GatedOps.Activation.GELU, o.y(), o.gateUp());
            case GeGluBackward o -> gates.backward(GatedOps.Activation.GELU, o.dGateUp(), o.dy(), o.gateUp());
            case GatherTargets o -> rows.run(o);
            case ScatterTargets o -> rows.run(o);
            case Logits o -> matmul.logits(o);
            case SampleTokens o -> sampling.run(o);
            case LogProb o -> logProbs.run(o);
            case LogProbBackward o -> logProbs.run(o);
            case LinearWeightGradient o -> weightGradients.run(o);
            case LinearBiasGradient o -> weightGradients.run(o);
            case RmsNormWeightGradient o -> weightGradients.run(o);
            case EmbedBackward o -> weightGradients.run(o);
            case LogProbHeadGradient o -> headGradient.add(o);
            case Zero o -> rows.run(o);
            case Accumulate o -> optimiser.run(o);
            case SumOfSquares o -> optimiser.run(o);
            case AdamW o -> optimiser.run(o);
            case AdamW8bit o -> optimiser.run(o);
        }
    }

    private void linear(Linear o) {
        matmul.forward(o);
        if (o.residual() != null && o.bias() != null) {
            rows.addRow(o.y(), o.bias());
        }
    }

    private void linears(Linears o) {
        if (siblings.takes(o)) {
            siblings.run(o);
        } else {
            for (int i = 0; i < o.parts().size(); i++) {
                linear(o.linear(i));
            }
        }
        switch (o.then()) {
            case null -> {}
            case Rope rope -> ropes.run(rope);
            case SwiGlu gated -> gates.forward(GatedOps.Activation.SILU, gated.y(), gated.gateUp());
            case GeGlu gated -> gates.forward(GatedOps.Activation.GELU, gated.y(), gated.gateUp());
        }
    }

    private void linearsBackward(LinearsBackward o) {
        for (int i = o.parts().size() - 1; i >= 0; i--) {
            linearBackward(o.linear(i));
        }
    }

    private void linearBackward(LinearBackward o) {
        matmul.backward(o);
        if (o.lora() != null) {
            loraGradients.add(o);
        }
    }

    @Override
    public void close() {
        workers.close();
        arena.close();
    }
}
