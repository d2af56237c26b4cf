package candor.ops.op;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.bindings.NativeLibrary;
import candor.check.NaiveBackend;
import candor.check.OpCheck;
import candor.ops.AdamWStep;
import candor.ops.Backend;
import candor.ops.Batch;
import candor.ops.DropoutRates;
import candor.ops.EightBitRow;
import candor.ops.Heads;
import candor.ops.KvPages;
import candor.ops.Lora;
import candor.ops.PageTables;
import candor.ops.TokenDraw;
import candor.ops.Write;
import candor.ops.cpu.CpuBackend;
import candor.ops.cuda.CudaBackend;
import candor.ops.weight.Siblings;
import candor.ops.weight.StoredWeight;
import candor.ops.weight.TrainedWeight;
import candor.ops.weight.Weight;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What each operation says of itself, on operands without memory: names, rows, products, bytes. */
class OpTest {
    private static final List<Backend> BACKENDS = new ArrayList<>();

    @BeforeAll
    static void open() {
        BACKENDS.add(new CpuBackend(1));
        BACKENDS.add(new NaiveBackend());
        if (NativeLibrary.EMULATED.isThere()) {
            BACKENDS.add(CudaBackend.emulated());
        }
    }

    @AfterAll
    static void close() {
        BACKENDS.forEach(Backend::close);
        BACKENDS.clear();
    }

    /** Two sequences, of two tokens (slot 0) and three (no adapter); the last of each has no target. */
    static final Batch BATCH = new Batch(
            new int[] {1, 2, 3, 4, 5},
            new int[] {0, 1, 0, 1, 2},
            new int[] {2, -1, 4, 5, -1},
            new int[] {0, 2, 5},
            new int[] {0, Batch.BASE});

    private static final PageTables TABLES = new PageTables(new int[] {0}, new int[] {1});
    private static final Batch DROPPING = BATCH.dropping(1, 2);
    private static final int N = 5;
    private static final int T = 3;
    private static final int C = 8;
    private static final int O = 6;
    private static final int V = 10;
    private static final int R = 4;
    private static final Heads HEADS = new Heads(2, 1, 4);

    /** @param flops of its products @param bytes of its operands, each once */
    private record Expected(Op op, String label, int rows, long flops, long bytes) {
        @Override
        public String toString() {
            return label;
        }
    }

    static Tensor f32(int rows, int cols) {
        return Tensor.of(MemorySegment.NULL, DType.F32, rows, cols);
    }

    private static Tensor bf16(int rows, int cols) {
        return Tensor.of(MemorySegment.NULL, DType.BF16, rows, cols);
    }

    /** On slot 0, whose rows are two. */
    static Lora lora(boolean trained) {
        Tensor a = f32(R, C);
        Tensor b = f32(O, R);
        return new Lora(new Lora.Factors(a, b, 2, trained ? a : null, trained ? b : null));
    }

    static Linear linear(Weight w, Tensor bias, Tensor residual, Lora lora) {
        return new Linear(
                f32(N, O), lora == null ? null : f32(N, lora.paddedRank()), f32(N, C), w, bias, residual, lora, BATCH);
    }

    static LinearBackward backward(Tensor dx, Weight w, Lora lora) {
        Tensor t = lora == null ? null : f32(N, lora.paddedRank());
        return new LinearBackward(dx, t, f32(N, O), f32(N, C), t, w, lora, BATCH, Write.SET);
    }

    /** One page for each sequence. */
    private static KvPages cache() {
        KvPages cache = new KvPages(HEADS, 2);
        cache.add(f32(2, KvPages.cols(HEADS)));
        return cache;
    }

    /** Two layers and what goes through their gate: what they have made is read by nobody else where it is not kept. */
    private static Expected gated(Siblings both, Linears.Part plain, boolean kept, String label) {
        Tensor y = f32(N, O);
        Tensor gateUp = f32(N, 2 * O);
        Epilogue then = kept ? new SwiGlu(y, gateUp) : new GeGlu(y, gateUp);
        return new Expected(
                new Linears(f32(N, C), both, List.of(plain, plain), then, kept, BATCH),
                label,
                N,
                2 * 2 * N * C * O,
                4 * (N * C + (kept ? 3 : 1) * N * O + 2 * O * C + 2 * O));
    }

    static Stream<Expected> operations() {
        Weight w = StoredWeight.of(f32(O, C));
        Weight head = StoredWeight.of(bf16(V, C));
        // Each of the tokens at positions 0, 1 and 0, 1, 2 meets itself and those before it: 9 pairs.
        long product = 2L * HEADS.queryCols() * 9;
        Tensor one = f32(T, 1);
        Linears.Part plain = new Linears.Part(f32(N, O), null, f32(1, O), null);
        Linears.Part adapted = new Linears.Part(f32(N, O), f32(N, 16), null, lora(false));
        LinearsBackward.Part plainBack = new LinearsBackward.Part(null, f32(N, O), null, null);
        LinearsBackward.Part trainedBack = new LinearsBackward.Part(f32(N, 16), f32(N, O), f32(N, 16), lora(true));
        Siblings both = Siblings.of(w, w);
        return Stream.of(
                new Expected(new Embed(f32(N, C), head, BATCH), "embed", N, 0, 4 * N * C + 2 * N * C),
                new Expected(new EmbedBackward(f32(V, C), f32(N, C), BATCH), "embedBackward", N, 0, 4 * 2 * N * C),
                new Expected(
                        new RmsNorm(f32(N, C), f32(N, 2), f32(N, C), f32(1, 4), 1e-6f),
                        "rmsNorm",
                        N,
                        0,
                        4 * (2 * N * C + 2 * N + 4)),
                new Expected(
                        new RmsNormBackward(bf16(N, C), bf16(N, C), bf16(N, C), f32(1, C), f32(N, 1), Write.ADD),
                        "rmsNormBackward",
                        N,
                        0,
                        2 * 3 * N * C + 4 * (C + N)),
                new Expected(
                        new RmsNormWeightGradient(f32(1, C), f32(N, C), f32(N, C), f32(N, 1)),
                        "rmsNormWeightGradient",
                        N,
                        0,
                        4 * (C + 2 * N * C + N)),
                // Of a table for 64 positions, the three that there are.
                new Expected(new Rope(f32(N, C), f32(64, 4), BATCH), "rope", N, 0, 4 * (N * C + 3 * 4)),
                new Expected(new RopeBackward(f32(N, C), f32(64, 4), BATCH), "ropeBackward", N, 0, 4 * (N * C + 12)),
                new Expected(
                        new Dropout(f32(N, C), f32(N, C), new DropoutRates(0, 0.5), DROPPING, Write.SET),
                        "dropout",
                        N,
                        0,
                        4 * 2 * N * C),
                new Expected(
                        linear(w, f32(1, O), f32(N, O), null),
                        "linear 8 to 6",
                        N,
                        2 * N * C * O,
                        4 * (N * O + N * C + O * C + O + N * O)),
                new Expected(
                        linear(w, null, null, lora(true)),
                        "linear 8 to 6",
                        N,
                        2 * N * C * O + 2 * 2 * R * (C + O),
                        4 * (N * O + N * C + O * C + N * 16 + R * (C + O))),
                new Expected(
                        linear(null, null, f32(N, O), lora(true)),
                        "linear 8 to 6, adapters alone",
                        N,
                        2 * 2 * R * (C + O),
                        4 * (2 * N * O + N * C + N * 16 + R * (C + O))),
                new Expected(
                        new Linears(f32(N, C), both, List.of(plain, adapted), BATCH),
                        "linears 8 to 6 + 6",
                        N,
                        2 * 2 * N * C * O + 2 * 2 * R * (C + O),
                        4 * (N * C + 2 * N * O + 2 * O * C + O + N * 16 + R * (C + O))),
                // Of the turned columns nothing but the angles: three positions of the table.
                new Expected(
                        new Linears(
                                f32(N, C),
                                both,
                                List.of(plain, plain),
                                new Rope(f32(N, O), f32(64, 6), BATCH),
                                true,
                                BATCH),
                        "linears 8 to 6 + 6, rope",
                        N,
                        2 * 2 * N * C * O,
                        4 * (N * C + 2 * N * O + 2 * O * C + 2 * O + 3 * 6)),
                gated(both, plain, true, "linears 8 to 6 + 6, swiGlu"),
                gated(both, plain, false, "linears 8 to 6 + 6, geGlu"),
                new Expected(
                        backward(f32(N, C), w, null),
                        "linearBackward 8 to 6",
                        N,
                        2 * N * C * O,
                        4 * (N * C + N * O + O * C)),
                new Expected(
                        new LinearsBackward(
                                f32(N, C), f32(N, C), both, List.of(plainBack, trainedBack), BATCH, Write.SET),
                        "linearsBackward 8 to 6 + 6",
                        N,
                        2 * 2 * N * C * O + 2 * 2 * R * (2 * C + 2 * O),
                        4 * (2 * N * C + 2 * N * O + 2 * O * C + 2 * N * 16 + 2 * R * (C + O))),
                // Trained: dy b, dt a, dtᵀ x, dyᵀ t; frozen: the first two; where nobody wants dx, the first.
                new Expected(
                        backward(f32(N, C), w, lora(true)),
                        "linearBackward 8 to 6",
                        N,
                        2 * N * C * O + 2 * 2 * R * (2 * C + 2 * O),
                        4 * (2 * N * C + N * O + O * C + 2 * N * 16 + 2 * R * (C + O))),
                new Expected(
                        backward(f32(N, C), null, lora(false)),
                        "linearBackward 8 to 6, adapters alone",
                        N,
                        2 * 2 * R * (C + O),
                        4 * (N * C + N * O + N * 16 + R * (C + O))),
                new Expected(
                        backward(null, w, lora(true)),
                        "linearBackward 8 to 6",
                        N,
                        2 * 2 * R * (C + 2 * O),
                        4 * (N * O + N * C + 2 * N * 16 + R * O + R * (C + O))),
                new Expected(
                        new LinearWeightGradient(f32(O, C), f32(N, O), f32(N, C)),
                        "linearWeightGradient 8 to 6",
                        N,
                        2 * N * C * O,
                        4 * (O * C + N * O + N * C)),
                new Expected(new LinearBiasGradient(f32(1, O), f32(N, O)), "linearBiasGradient", N, 0, 4 * (O + N * O)),
                new Expected(new Affine(f32(N, O), f32(1, O), null, f32(N, O)), "affine", N, 0, 4 * (2 * N * O + O)),
                new Expected(
                        new Attention(f32(N, 8), f32(N, 2), f32(N, 16), HEADS, BATCH),
                        "attention",
                        N,
                        2 * product,
                        4 * N * (8 + 2 + 16)),
                new Expected(
                        new AttentionBackward(f32(N, 16), f32(N, 8), f32(N, 16), f32(N, 8), f32(N, 2), HEADS, BATCH),
                        "attentionBackward",
                        N,
                        5 * product,
                        4 * N * (16 + 8 + 16 + 8 + 2)),
                new Expected(new CacheWrite(cache(), f32(N, 16), BATCH, TABLES), "cacheWrite", N, 0, 4 * 2 * N * 2 * 4),
                new Expected(
                        new AttentionCached(f32(N, 8), f32(N, 16), cache(), BATCH, TABLES),
                        "attentionCached",
                        N,
                        2 * product,
                        4 * (2 * N * 8 + N * 2 * 4)),
                new Expected(new GeGlu(f32(N, O), f32(N, 2 * O)), "geGlu", N, 0, 4 * 3 * N * O),
                new Expected(
                        new GeGluBackward(f32(N, 2 * O), f32(N, O), f32(N, 2 * O)),
                        "geGluBackward",
                        N,
                        0,
                        4 * 5 * N * O),
                new Expected(new SwiGlu(bf16(N, O), bf16(N, 2 * O)), "swiGlu", N, 0, 2 * 3 * N * O),
                new Expected(
                        new SwiGluBackward(f32(N, 2 * O), f32(N, O), f32(N, 2 * O)),
                        "swiGluBackward",
                        N,
                        0,
                        4 * 5 * N * O),
                new Expected(new GatherTargets(f32(T, C), f32(N, C), BATCH), "gatherTargets", T, 0, 4 * 2 * T * C),
                new Expected(new ScatterTargets(f32(N, C), f32(T, C), BATCH), "scatterTargets", N, 0, 4 * (N + T) * C),
                new Expected(
                        new Logits(f32(T, V), f32(T, C), head),
                        "logits 8 to 10",
                        T,
                        2 * T * C * V,
                        4 * (T * V + T * C) + 2 * V * C),
                new Expected(
                        new SampleTokens(f32(T, 2), f32(T, V), Collections.nCopies(T, TokenDraw.LIKELIEST)),
                        "sampleTokens",
                        T,
                        0,
                        4 * (T * V + T * 2)),
                new Expected(
                        new LogProb(one, one, null, f32(T, C), head, BATCH),
                        "logProb 8 to 10",
                        T,
                        2 * T * C * V,
                        4 * (2 * T + T * C) + 2 * V * C),
                new Expected(
                        new LogProbBackward(f32(T, C), one, one, null, f32(T, C), head, BATCH),
                        "logProbBackward 8 to 10",
                        T,
                        2 * 2 * T * C * V,
                        4 * (2 * T + 2 * T * C) + 2 * V * C),
                new Expected(
                        new LogProbBackward(f32(T, C), one, one, f32(T, V), f32(T, C), head, BATCH),
                        "logProbBackward 8 to 10",
                        T,
                        2 * T * C * V,
                        4 * (2 * T + T * C + T * V) + 2 * V * C),
                new Expected(
                        new LogProbHeadGradient(f32(V, C), one, one, f32(T, V), f32(T, C), head, BATCH),
                        "logProbHeadGradient 8 to 10",
                        T,
                        2 * T * C * V,
                        4 * (V * C + 2 * T + T * V + T * C)),
                new Expected(new Zero(bf16(N, C)), "zero", N, 0, 2 * N * C),
                new Expected(new Accumulate(f32(1, V), f32(1, V)), "accumulate", 1, 0, 3 * 4 * V),
                new Expected(new SumOfSquares(f32(1, V)), "sumOfSquares", 1, 0, 4 * V),
                new Expected(
                        new AdamW(f32(1, V), f32(1, V), f32(1, V), f32(1, V), new AdamWStep(1, 0, 0, 0, 0, 1, 1)),
                        "adamW",
                        1,
                        0,
                        4 * 4 * V),
                new Expected(
                        new AdamW8bit(
                                f32(1, 300),
                                f32(1, 300),
                                eightBits(300, 2),
                                eightBits(300, 2),
                                new AdamWStep(1, 0, 0, 0, 0, 1, 1)),
                        "adamW8bit",
                        1,
                        0,
                        2 * 4 * 300 + 2 * (300 + 4 * 2)));
    }

    @ParameterizedTest
    @MethodSource("operations")
    void saysWhatItCosts(Expected expected) {
        assertThat(expected.op.label()).isEqualTo(expected.label);
        assertThat(expected.label).startsWith(expected.op.name());
        assertThat(expected.op.rows()).isEqualTo(expected.rows);
        assertThat(expected.op.flops()).isEqualTo(expected.flops);
        assertThat(expected.op.bytes()).isEqualTo(expected.bytes);
    }

    /** Of two tokens and of three, in a window of two: 1 + 2 and 1 + 2 + 2 keys. */
    @Test
    void aWindowSparesProducts() {
        Heads two = HEADS.within(2);
        KvPages cache = new KvPages(two, 2);
        cache.add(f32(2, KvPages.cols(two)));
        long product = 2 * 8 * (1 + 2 + 1 + 2 + 2);
        assertThat(new Attention(f32(N, 8), f32(N, 2), f32(N, 16), two, BATCH).flops())
                .isEqualTo(2 * product);
        assertThat(new AttentionBackward(f32(N, 16), f32(N, 8), f32(N, 16), f32(N, 8), f32(N, 2), two, BATCH).flops())
                .isEqualTo(5 * product);
        assertThat(new AttentionCached(f32(N, 8), f32(N, 16), cache, BATCH, TABLES).flops())
                .isEqualTo(2 * product);
        Batch last = new Batch(new int[] {5}, new int[] {2}, new int[] {-1}, new int[] {0, 1}, new int[] {Batch.BASE});
        assertThat(new AttentionCached(f32(1, 8), f32(1, 16), cache, last, new PageTables(new int[] {1})).bytes())
                .isEqualTo(4 * (2 * 8 + 2 * 2 * 4));
    }

    /** Two sequences at the same position far on, and a third at another. */
    @Test
    void rotatingReadsARowOfTheTableForEachPosition() {
        Batch tokens = new Batch(
                new int[3], new int[] {40, 40, 7}, new int[] {-1, -1, -1}, new int[] {0, 1, 2, 3}, new int[3]);
        assertThat(new Rope(f32(3, C), f32(64, 4), tokens).bytes()).isEqualTo(4 * (3 * C + 2 * 4));
    }

    @ParameterizedTest
    @MethodSource("operations")
    void whatFitsIsNotRefused(Expected expected) {
        boolean ofBf16 = expected.op instanceof RmsNormBackward || expected.op instanceof SwiGlu;
        expected.op.check(ofBf16 || expected.op instanceof Zero ? DType.BF16 : DType.F32);
    }

    /** Operations with one operand wrong each, and the reason that they are refused for. */
    static Stream<Arguments> wrong() {
        Weight w = StoredWeight.of(f32(O, C));
        Weight head = StoredWeight.of(f32(V, C));
        Tensor one = f32(T, 1);
        Tensor x = f32(N, C);
        Tensor t16 = f32(N, 16);
        Tensor rows = f32(T, C);
        Tensor qkv = f32(N, 16);
        Tensor o = f32(N, 8);
        Tensor lse = f32(N, 2);
        AdamWStep step = new AdamWStep(1, 0, 0, 0, 0, 1, 1);
        DropoutRates rates = new DropoutRates(0, 0.5);
        Lora wideA = new Lora(new Lora.Factors(f32(R, C + 1), f32(O, R), 1, null, null));
        Lora longB = new Lora(new Lora.Factors(f32(R, C), f32(O + 1, R), 1, null, null));
        Lora otherDa = new Lora(new Lora.Factors(f32(R, C), f32(O, R), 1, f32(R, C + 1), f32(O, R)));
        Lora bf16A = new Lora(new Lora.Factors(bf16(R, C), f32(O, R), 1, null, null));
        Batch gap = new Batch(new int[2], new int[] {0, 2}, new int[] {-1, -1}, new int[] {0, 2}, new int[] {-1});
        return Stream.of(
                wrong(new Embed(x, StoredWeight.of(f32(5, C)), BATCH), "embed: token 5 of a vocabulary of 5"),
                wrong(new Embed(f32(4, C), head, BATCH), "embed: shapes do not fit: F32 4 x 8, wants 5 x 8"),
                wrong(new EmbedBackward(f32(5, C), x, BATCH), "embedBackward: token 5"),
                wrong(new RmsNorm(x, f32(N, 3), x, f32(1, 4), 0), "rmsNorm: shapes"),
                wrong(new RmsNorm(x, f32(N, 1), x, bf16(1, C), 0), "rmsNorm: wants F32, got BF16 1 x 8"),
                wrong(new RmsNormBackward(x, f32(4, C), x, f32(1, C), f32(N, 1), Write.SET), "rmsNormBackward: shapes"),
                wrong(new RmsNormWeightGradient(f32(1, 3), x, x, f32(N, 1)), "rmsNormWeightGradient: shapes"),
                wrong(new Rope(x, f32(2, 4), BATCH), "rope: position 2, of 2 in the table"),
                wrong(new RopeBackward(x, f32(9, 3), BATCH), "ropeBackward: shapes"),
                wrong(new Dropout(x, x, rates, BATCH, Write.SET), "dropout: the batch has no keys"),
                wrong(new Dropout(f32(N, 7), x, rates, DROPPING, Write.SET), "dropout: shapes"),
                wrong(linear(StoredWeight.of(f32(O, 7)), null, null, null), "linear: shapes"),
                wrong(linear(null, null, null, null), "linear: shapes"),
                wrong(linear(w, f32(1, 7), null, null), "linear: shapes"),
                wrong(linear(w, null, f32(4, O), null), "linear: shapes"),
                wrong(linear(w, null, null, wideA), "linear: shapes do not fit: F32 4 x 9, wants 4 x 8"),
                wrong(linear(w, null, null, longB), "linear: shapes do not fit: F32 7 x 4, wants 6 x 4"),
                wrong(linear(w, null, null, otherDa), "linear: shapes"),
                wrong(linear(w, null, null, bf16A), "linear: wants F32, got BF16 4 x 8"),
                wrong(linear(new TrainedWeight(bf16(O, C), null), null, null, null), "linear: wants F32"),
                wrong(
                        new Linears(x, Siblings.of(w), List.of(new Linears.Part(f32(N, O), t16, null, wideA)), BATCH),
                        "linears: shapes"),
                wrong(
                        new LinearsBackward(
                                f32(N, 7),
                                x,
                                Siblings.of(w),
                                List.of(new LinearsBackward.Part(null, f32(N, O), null, null)),
                                BATCH,
                                Write.SET),
                        "linearsBackward: shapes"),
                wrong(backward(x, w, wideA), "linearBackward: shapes"),
                wrong(backward(f32(N, 7), w, null), "linearBackward: shapes"),
                wrong(backward(null, StoredWeight.of(f32(7, C)), lora(true)), "linearBackward: shapes"),
                wrong(
                        new LinearBackward(null, f32(N, 32), f32(N, O), x, t16, w, lora(false), BATCH, Write.SET),
                        "linearBackward: shapes"),
                wrong(new LinearWeightGradient(f32(O, C), f32(N, O), f32(4, C)), "linearWeightGradient: shapes"),
                wrong(new LinearBiasGradient(f32(1, 7), f32(N, O)), "linearBiasGradient: shapes"),
                wrong(new Affine(x, f32(1, 7), null, null), "affine: shapes"),
                wrong(new Attention(f32(N, 7), lse, qkv, HEADS, BATCH), "attention: shapes"),
                wrong(new AttentionBackward(qkv, f32(N, 7), qkv, o, lse, HEADS, BATCH), "attentionBackward: shapes"),
                wrong(new CacheWrite(cache(), f32(2, 16), gap, TABLES), "cacheWrite: the positions of sequence 0 have"),
                wrong(
                        new CacheWrite(cache(), qkv, BATCH, new PageTables(new int[] {0})),
                        "cacheWrite: sequence 1 needs 1 pages"),
                wrong(
                        new AttentionCached(o, qkv, cache(), BATCH, new PageTables(new int[] {0}, new int[] {2})),
                        "attentionCached: page 2 of 2 asked for"),
                wrong(new AttentionCached(f32(N, 7), qkv, cache(), BATCH, TABLES), "attentionCached: shapes"),
                wrong(new SwiGlu(x, f32(N, 15)), "swiGlu: shapes"),
                wrong(new GeGlu(x, f32(N, 15)), "geGlu: shapes"),
                wrong(new GeGluBackward(f32(N, 15), x, f32(N, 16)), "geGluBackward: "),
                wrong(new SwiGluBackward(f32(N, 15), x, f32(N, 16)), "swiGluBackward: "),
                wrong(new GatherTargets(f32(2, C), x, BATCH), "gatherTargets: shapes"),
                wrong(new ScatterTargets(x, f32(T, 7), BATCH), "scatterTargets: shapes"),
                wrong(new Logits(f32(T, 9), rows, head), "logits: shapes"),
                wrong(new Logits(bf16(T, V), rows, head), "logits: wants F32"),
                wrong(new SampleTokens(f32(T, 2), f32(T, V), List.of(TokenDraw.LIKELIEST)), "sampleTokens: shapes"),
                wrong(
                        new SampleTokens(f32(T, 1), f32(T, V), Collections.nCopies(T, TokenDraw.NONE)),
                        "sampleTokens: shapes do not fit: F32 3 x 1, wants 3 x 2"),
                wrong(
                        new SampleTokens(
                                f32(1, 2), f32(1, V), List.of(new TokenDraw(1, 0, 1, 1.5f, new int[] {3, V}, 2, 0))),
                        "sampleTokens: token 10 of a vocabulary of 10"),
                wrong(
                        new SampleTokens(f32(1, 2), f32(1, 1 << 25), List.of(TokenDraw.LIKELIEST)),
                        "sampleTokens: a vocabulary of 33554432"),
                wrong(
                        new LogProb(one, one, null, rows, StoredWeight.of(f32(5, C)), BATCH),
                        "logProb: token 5 of a vocabulary of 5"),
                wrong(new LogProb(one, f32(2, 1), null, rows, head, BATCH), "logProb: shapes"),
                wrong(new LogProbBackward(f32(T, 7), one, one, null, rows, head, BATCH), "logProbBackward: shapes"),
                wrong(
                        new LogProbHeadGradient(f32(9, C), one, one, null, rows, head, BATCH),
                        "logProbHeadGradient: shapes"),
                wrong(new Zero(Tensor.of(MemorySegment.NULL, DType.I32, 1, 1)), "zero: wants F32, got I32 1 x 1"),
                wrong(new Accumulate(bf16(1, 1), f32(1, 1)), "accumulate: wants F32"),
                wrong(new Accumulate(f32(1, 2), f32(1, 3)), "accumulate: shapes"),
                wrong(new SumOfSquares(bf16(1, 1)), "sumOfSquares: wants F32"),
                wrong(new AdamW(f32(1, V), f32(1, V), f32(1, 9), f32(1, V), step), "adamW: shapes"),
                wrong(new AdamW(f32(2, V), f32(2, V), f32(2, V), f32(2, V), step), "adamW: shapes"),
                wrong(
                        new AdamW8bit(f32(1, 300), f32(1, 300), eightBits(300, 2), eightBits(299, 2), step),
                        "adamW8bit: shapes do not fit: U8 1 x 299, wants 1 x 300"),
                wrong(
                        new AdamW8bit(f32(1, 300), f32(1, 300), eightBits(300, 1), eightBits(300, 2), step),
                        "adamW8bit: shapes do not fit: F32 1 x 1, wants 1 x 2"),
                wrong(
                        new AdamW8bit(
                                f32(1, V), f32(1, V), new EightBitRow(f32(1, V), f32(1, 1)), eightBits(V, 1), step),
                        "adamW8bit: wants U8, got F32"));
    }

    private static EightBitRow eightBits(int count, int blocks) {
        return new EightBitRow(Tensor.of(MemorySegment.NULL, DType.U8, 1, count), f32(1, blocks));
    }

    private static Arguments wrong(Op op, String reason) {
        return Arguments.of(Named.of(op.name() + ": " + reason, op), reason);
    }

    /** All operands are null pointers: a backend that looked at one before it checks them would die of it. */
    @ParameterizedTest
    @MethodSource("wrong")
    void whatDoesNotFitIsRefusedByEveryBackend(Op op, String reason) {
        assertThatThrownBy(() -> op.check(DType.F32))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(reason);
        for (Backend backend : BACKENDS) {
            assertThatThrownBy(() -> backend.run(op))
                    .as(backend.name())
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith(op.name() + ": ");
        }
    }

    @Test
    void everyOperationIsRefusedSomething() {
        assertThat(wrong().map(arguments -> ((Named<?>) arguments.get()[0])
                                .getPayload()
                                .getClass()
                                .getName())
                        .distinct())
                .containsExactlyInAnyOrderElementsOf(
                        Operations.all().map(Class::getName).toList());
    }

    @Test
    void everyOperationIsHere() {
        assertThat(operations()
                        .map(expected -> expected.op.getClass().getName())
                        .distinct())
                .containsExactlyInAnyOrderElementsOf(
                        Operations.all().map(Class::getName).toList());
        assertThat(operations().map(expected -> expected.op.name()).distinct())
                .containsExactlyInAnyOrderElementsOf(OpCheck.operations());
    }
}
