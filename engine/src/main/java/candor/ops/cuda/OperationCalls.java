package candor.ops.cuda;

import static candor.bindings.generated.CandorKernels.candor_adamw_fold;

import candor.bindings.generated.CandorKernels;
import candor.bindings.generated.candor_adamw_numbers;
import candor.bindings.generated.candor_adamw_step;
import candor.ops.AdamWStep;
import candor.ops.Batch;
import candor.ops.DropoutRates;
import candor.ops.KvPages;
import candor.ops.Lora;
import candor.ops.PageTables;
import candor.ops.TokenDraw;
import candor.ops.Unsupported;
import candor.ops.Write;
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
import candor.ops.weight.DynamicMap;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.function.Consumer;

/**
 * What each operation asks of the C API. Batches, page tables and the numbers of a step are copied to the device before their
 * call is written, for a copy may issue what is pending.
 */
final class OperationCalls implements AutoCloseable {
    /** Rows that a block of attention takes: as many blocks are launched for any length in between. */
    private static final int TILE = 64;

    private final Device device;
    private final CallQueue calls;
    private final Staging staging;
    private final BatchOnDevice batches;
    private final PagesOnDevice pages;
    private final Integers numbers;
    private final Integers draws;
    private final Integers seen;
    private final LoraImages images;
    private final long sum;
    private long[] maps;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment step = candor_adamw_step.allocate(arena);
    private final MemorySegment folded = candor_adamw_numbers.allocate(arena);

    OperationCalls(Device device, Staging staging) {
        this.device = device;
        this.staging = staging;
        calls = device.calls();
        batches = new BatchOnDevice(device, staging);
        pages = new PagesOnDevice(device, staging);
        numbers = new Integers(device, staging);
        draws = new Integers(device, staging);
        seen = new Integers(device, staging);
        images = new LoraImages(device);
        sum = device.allocate(Double.BYTES).address();
    }

    /** What has become of adapters' factors. */
    LoraImages images() {
        return images;
    }

    /** Asks for an operation that has been checked. */
    void run(Op op) {
        ask(op);
        Written.by(op, images::written);
    }

    private void ask(Op op) {
        switch (op) {
            case Embed o -> {
                BatchOnDevice there = batches.of(o.batch());
                calls.add(
                        Function.EMBED, to -> to.matrix(o.x()).weight(o.table()).number(there.tokens()));
            }
            case RmsNorm o ->
                calls.add(Function.RMS_NORM, to -> to.matrix(o.y())
                        .matrix(o.rstd())
                        .matrix(o.x())
                        .matrix(o.w())
                        .real(o.eps()));
            case RmsNormBackward o ->
                calls.add(Function.RMS_NORM_BACKWARD, to -> to.matrix(o.dx())
                        .matrix(o.dy())
                        .matrix(o.x())
                        .matrix(o.w())
                        .matrix(o.rstd())
                        .number(add(o.write())));
            case Rope o -> rotate(o.x(), o.table(), o.batch(), 1);
            case RopeBackward o -> rotate(o.dx(), o.table(), o.batch(), -1);
            case Dropout o -> dropout(o);
            case Linear o -> linear(o);
            case Linears o -> linears(o);
            case LinearsBackward o -> linearsBackward(o);
            case LinearBackward o -> linearBackward(o);
            case Affine o ->
                calls.add(Function.AFFINE, to -> to.matrix(o.y())
                        .matrix(o.scale())
                        .matrix(o.bias())
                        .matrix(o.residual()));
            case Attention o -> attention(o);
            case AttentionBackward o -> attentionBackward(o);
            case CacheWrite o -> cacheWrite(o);
            case AttentionCached o -> attentionCached(o);
            case SwiGlu o -> calls.add(Function.SWIGLU, to -> to.matrix(o.y()).matrix(o.gateUp()));
            case SwiGluBackward o ->
                calls.add(
                        Function.SWIGLU_BACKWARD,
                        to -> to.matrix(o.dGateUp()).matrix(o.dy()).matrix(o.gateUp()));
            case GatherTargets o -> {
                BatchOnDevice there = batches.of(o.batch());
                calls.add(
                        Function.GATHER_ROWS,
                        to -> to.matrix(o.y()).matrix(o.x()).number(there.targetRows()));
            }
            case ScatterTargets o -> {
                BatchOnDevice there = batches.of(o.batch());
                calls.add(
                        Function.SCATTER_ROWS,
                        to -> to.matrix(o.dx()).matrix(o.dy()).number(there.sources()));
            }
            case Logits o ->
                calls.add(
                        Function.LOGITS,
                        to -> to.matrix(o.logits()).matrix(o.x()).weight(o.head()));
            case SampleTokens o -> sampleTokens(o);
            case LogProb o -> logProb(o);
            case LogProbBackward o -> logProbBackward(o);
            case LinearWeightGradient _,
                    LinearBiasGradient _,
                    RmsNormWeightGradient _,
                    EmbedBackward _,
                    LogProbHeadGradient _ ->
                throw new Unsupported("this backend trains adapters only; the CPU trains all weights");
            case GeGlu o -> calls.add(Function.GEGLU, to -> to.matrix(o.y()).matrix(o.gateUp()));
            case GeGluBackward o ->
                calls.add(
                        Function.GEGLU_BACKWARD,
                        to -> to.matrix(o.dGateUp()).matrix(o.dy()).matrix(o.gateUp()));
            case Zero o -> zero(o.y());
            case Accumulate o ->
                calls.add(Function.ACCUMULATE, to -> to.matrix(o.y()).matrix(o.x()));
            case SumOfSquares o -> {
                calls.add(Function.SUM_OF_SQUARES, to -> to.number(sum).matrix(o.x()));
                o.sum()[0] = staging.download(sum);
            }
            case AdamW o -> {
                long folded = fold(o.step());
                calls.add(Function.ADAMW, to -> to.part(o.w(), o.g(), o.m(), o.v(), folded));
            }
            case AdamW8bit o -> {
                long folded = fold(o.step());
                long[] maps = maps();
                calls.add(Function.ADAMW8, to -> to.part(o.w(), o.g(), o.m(), o.v(), maps, folded));
            }
        }
    }

    /** Asks for a copy between the device and pinned memory, which is what has a length. */
    void copy(Tensor to, Tensor from) {
        if (!to.dense() || !from.dense() || to.bytes() != from.bytes()) {
            throw new IllegalArgumentException("no copy of " + from.shape() + " to " + to.shape());
        }
        Function function = to.data().byteSize() > 0 ? Function.COPY_TO_HOST : Function.COPY_TO_DEVICE;
        long bytes = to.cols() * (long) to.dtype().bytes();
        calls.add(function, at -> at.number(to.data().address())
                .number(bytes)
                .number(from.data().address())
                .number(bytes)
                .number(bytes)
                .number(to.rows()));
        images.written(to);
    }

    private static int add(Write write) {
        return write == Write.ADD ? 1 : 0;
    }

    /** @param direction 1, or −1 to rotate back */
    private void rotate(Tensor x, Tensor table, Batch batch, int direction) {
        BatchOnDevice there = batches.of(batch);
        calls.add(
                Function.ROPE,
                to -> to.matrix(x).matrix(table).number(there.positions()).number(direction));
    }

    /** A call for each run of rows whose slot drops something. */
    private void dropout(Dropout o) {
        DropoutRates rates = o.rates();
        BatchOnDevice there = batches.of(o.batch());
        for (Batch.Run run : o.batch().runs()) {
            if (rates.drops(run.slot())) {
                int threshold = rates.threshold(run.slot());
                float scale = rates.scale(run.slot());
                calls.add(Function.DROPOUT, to -> to.matrix(o.y())
                        .matrix(o.x())
                        .dropping(there, rates.module(), threshold, scale, run)
                        .number(add(o.write())));
            }
        }
    }

    private void linear(Linear o) {
        List<StackedLayers.Part> loras = alone(o.lora());
        LoraImage image = image(loras, o.t(), o.x().cols(), o.y().cols(), o.batch());
        calls.add(Function.LINEAR, to -> to.matrix(o.y())
                .matrix(o.t())
                .matrix(o.x())
                .weight(o.w())
                .matrix(o.bias())
                .matrix(o.residual())
                .loras(loras, o.batch(), image)
                .noEpilogue());
    }

    private static List<StackedLayers.Part> alone(Lora lora) {
        return lora == null ? List.of() : List.of(new StackedLayers.Part(lora, 0, 0));
    }

    /** Where the factors of adapters are packed; null where they are not kept so. */
    private LoraImage image(List<StackedLayers.Part> loras, Tensor t, int inputs, int outputs, Batch batch) {
        return loras.isEmpty() ? null : images.of(loras, t.cols(), inputs, outputs, batch);
    }

    private void linearBackward(LinearBackward o) {
        if (o.dx() == null && !adapted(o)) {
            return;
        }
        List<StackedLayers.Part> loras = alone(o.lora());
        LoraImage image = image(loras, o.t(), o.inputs(), o.dy().cols(), o.batch());
        calls.add(Function.LINEAR_BACKWARD, to -> to.matrix(o.dx())
                .matrix(o.dt())
                .matrix(o.dy())
                .matrix(o.x())
                .matrix(o.t())
                .weights(o.w() == null ? null : List.of(o.w()))
                .loras(loras, o.batch(), image)
                .number(add(o.write())));
    }

    /** Whether any row of the batch has factors. */
    private static boolean adapted(LinearBackward o) {
        return adapted(o.lora(), o.batch());
    }

    private static boolean adapted(Lora lora, Batch batch) {
        return lora != null && batch.runs().stream().anyMatch(run -> lora.at(run.slot()) != null);
    }

    private void linears(Linears o) {
        StackedLayers stacked = StackedLayers.of(o);
        if (stacked == null) {
            for (int i = 0; i < o.parts().size(); i++) {
                ask(o.linear(i));
            }
            if (o.then() != null) {
                ask(o.then());
            }
            return;
        }
        LoraImage image =
                image(stacked.loras(), stacked.t(), o.x().cols(), stacked.y().cols(), o.batch());
        boolean joined = stacked.precede(o.then());
        Consumer<CallBuffer> end = joined ? epilogue(o.then(), o.kept()) : CallBuffer::noEpilogue;
        calls.add(
                Function.LINEAR,
                to -> end.accept(to.matrix(stacked.y())
                        .matrix(stacked.t())
                        .matrix(o.x())
                        .weight(stacked.w().getFirst())
                        .matrix(stacked.bias())
                        .matrix(null)
                        .loras(stacked.loras(), o.batch(), image)));
        if (o.then() != null && !joined) {
            ask(o.then());
        }
    }

    /** What a call of stacked layers ends with. */
    private Consumer<CallBuffer> epilogue(Epilogue then, boolean kept) {
        return switch (then) {
            case Rope rope -> {
                BatchOnDevice there = batches.of(rope.batch());
                yield to -> to.rope(rope.x().cols() / rope.table().cols(), rope.table(), there.positions());
            }
            case SwiGlu gated -> to -> to.gated(CandorKernels.CANDOR_SWIGLU(), gated.y(), kept);
            case GeGlu gated -> to -> to.gated(CandorKernels.CANDOR_GEGLU(), gated.y(), kept);
        };
    }

    private void linearsBackward(LinearsBackward o) {
        StackedLayers stacked = StackedLayers.of(o);
        if (stacked == null) {
            for (int i = o.parts().size() - 1; i >= 0; i--) {
                ask(o.linear(i));
            }
            return;
        }
        boolean adapted = stacked.loras().stream().anyMatch(part -> adapted(part.lora(), o.batch()));
        if (o.dx() == null && !adapted) {
            return;
        }
        LoraImage image =
                image(stacked.loras(), stacked.t(), o.w().cols(), stacked.y().cols(), o.batch());
        calls.add(Function.LINEAR_BACKWARD, to -> to.matrix(o.dx())
                .matrix(stacked.dt())
                .matrix(stacked.y())
                .matrix(o.x())
                .matrix(stacked.t())
                .weights(stacked.w())
                .loras(stacked.loras(), o.batch(), image)
                .number(add(o.write())));
    }

    private void attention(Attention o) {
        Limits.width(o.name(), o.heads());
        BatchOnDevice there = batches.of(o.batch());
        calls.add(Function.ATTENTION, to -> to.matrix(o.o())
                .matrix(o.lse())
                .matrix(o.qkv())
                .heads(o.heads())
                .sequences(there.starts(), o.batch().sequenceCount(), wholeTiles(o.batch())));
    }

    private void attentionBackward(AttentionBackward o) {
        Limits.width(o.name(), o.heads());
        BatchOnDevice there = batches.of(o.batch());
        calls.add(Function.ATTENTION_BACKWARD, to -> to.matrix(o.dqkv())
                .matrix(o.dout())
                .matrix(o.qkv())
                .matrix(o.o())
                .matrix(o.lse())
                .heads(o.heads())
                .sequences(there.starts(), o.batch().sequenceCount(), wholeTiles(o.batch())));
    }

    /** The longest sequence, rounded up, so that batches whose longest ones differ by little make the same call. */
    private static int wholeTiles(Batch batch) {
        return Math.ceilDiv(batch.longest(), TILE) * TILE;
    }

    private void cacheWrite(CacheWrite o) {
        Limits.cache(o.name(), o.cache());
        BatchOnDevice there = batches.of(o.batch());
        long slabs = onDevice(o.cache(), o.batch(), o.tables());
        calls.add(Function.CACHE_WRITE, to -> cache(to, slabs, o.cache(), 0)
                .matrix(o.qkv())
                .heads(o.cache().heads())
                .number(there.positions())
                .number(there.sequences()));
    }

    private void attentionCached(AttentionCached o) {
        Limits.cache(o.name(), o.cache());
        BatchOnDevice there = batches.of(o.batch());
        long slabs = onDevice(o.cache(), o.batch(), o.tables());
        calls.add(Function.ATTENTION_CACHED, to -> cache(
                        to.matrix(o.o()).matrix(o.qkv()), slabs, o.cache(), pages.most())
                .heads(o.cache().heads())
                .number(there.positions())
                .sequences(there.starts(), o.batch().sequenceCount(), o.batch().longest()));
    }

    /** Page tables and the addresses of slabs go over; returns where the latter are. */
    private long onDevice(KvPages cache, Batch batch, PageTables tables) {
        pages.of(batch, tables);
        return pages.slabs(cache);
    }

    private CallBuffer cache(CallBuffer to, long slabs, KvPages cache, int mostPages) {
        return to.cache(slabs, cache.slab(0).stride(), cache.slabPages(), mostPages, pages.pages(), pages.firstPages());
    }

    private void sampleTokens(SampleTokens o) {
        Limits.vocabulary(o.name(), o.logits().cols());
        draws.clear();
        seen.clear();
        for (TokenDraw draw : o.draws()) {
            int first = seen.count();
            for (int i = 0; i < draw.seenCount() && draw.penalty() != 1; i++) {
                seen.add(draw.seen()[i]);
            }
            // As candor_draw lies in memory.
            draws.addDouble(draw.scale());
            draws.addDouble(draw.topP());
            draws.addDouble(draw.uniform());
            draws.add(Float.floatToRawIntBits(draw.penalty()));
            draws.add(draw.topK());
            draws.add(first);
            draws.add(seen.count() - first);
        }
        draws.copy();
        seen.copy();
        calls.add(Function.SAMPLE_TOKENS, to -> to.matrix(o.chosen())
                .matrix(o.logits())
                .number(draws.at(0))
                .number(seen.at(0)));
    }

    private void logProb(LogProb o) {
        BatchOnDevice there = batches.of(o.batch());
        calls.add(Function.LOG_PROB, to -> to.matrix(o.logp())
                .matrix(o.lse())
                .matrix(o.logits())
                .matrix(o.x())
                .weight(o.head())
                .number(there.targets()));
    }

    private void logProbBackward(LogProbBackward o) {
        BatchOnDevice there = batches.of(o.batch());
        calls.add(Function.LOG_PROB_BACKWARD, to -> to.matrix(o.dx())
                .matrix(o.dlogp())
                .matrix(o.lse())
                .matrix(o.logits())
                .matrix(o.x())
                .weight(o.head())
                .number(there.targets()));
    }

    private void zero(Tensor y) {
        int bytes = y.dtype().bytes();
        calls.add(Function.ZERO, to -> to.number(y.data().address())
                .number(y.stride() * bytes)
                .number((long) y.cols() * bytes)
                .number(y.rows()));
    }

    /** Where the maps of eight-bit moments are, signed and unsigned: on the device from their first use on. */
    private long[] maps() {
        if (maps == null) {
            maps = new long[] {map(DynamicMap.signed()), map(DynamicMap.unsigned())};
        }
        return maps;
    }

    private long map(float[] values) {
        Tensor there = Tensor.of(device.allocate((long) values.length * Float.BYTES), DType.F32, 1, values.length);
        staging.upload(there, values);
        return there.data().address();
    }

    /** Puts the numbers of a step on the device; where they are. */
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
        arena.close();
    }
}
