package candor.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import candor.check.NaiveBackend;
import candor.model.Architecture.Stored;
import candor.model.Architecture.Trait;
import candor.ops.Backend;
import candor.ops.Batch;
import candor.ops.Heads;
import candor.ops.cpu.CpuBackend;
import candor.ops.weight.TrainedWeight;
import candor.ops.weight.Weight;
import candor.tensor.DType;
import candor.tensor.Tensor;
import candor.train.optimiser.AdamW;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** All weights of a model trained: against PyTorch, plain loops and differences, and against itself in other circumstances. */
class TrainedWeightsTest {
    private static final AdamW.Settings ADAM_W = new AdamW.Settings(0.9, 0.95, 1e-4, 0.1, 0.5);
    private static final double RATE = 0.01;

    @TempDir
    Path temp;

    private static ModelConfig config(Architecture architecture, boolean tied) {
        return ModelConfig.of(architecture)
                .hiddenSize(23)
                .intermediateSize(39)
                .layers(2)
                .heads(new Heads(3, 1, 10, architecture.has(Trait.SLIDING_WINDOW) ? 4 : 0))
                .local(
                        architecture.has(Trait.LOCAL_LAYERS)
                                ? new ModelConfig.Local(Set.of(1), new Rope.Default(300))
                                : null)
                .queryScale(architecture.has(Trait.LOCAL_LAYERS) ? 0.7f : 1)
                .vocabSize(61)
                .tieWordEmbeddings(tied)
                .build();
    }

    /** Sequences of these lengths; every third token has no target. */
    private static Batch batch(int vocabulary, int... lengths) {
        int n = Arrays.stream(lengths).sum();
        int[] tokens = new int[n];
        int[] positions = new int[n];
        int[] targets = new int[n];
        int[] starts = new int[lengths.length + 1];
        int[] slots = new int[lengths.length];
        Arrays.fill(slots, Batch.BASE);
        Random random = new Random(n);
        for (int s = 0, row = 0; s < lengths.length; s++) {
            for (int p = 0; p < lengths[s]; p++, row++) {
                tokens[row] = random.nextInt(vocabulary);
                positions[row] = p;
                targets[row] = row % 3 == 1 ? Batch.NO_TARGET : random.nextInt(vocabulary);
            }
            starts[s + 1] = starts[s] + lengths[s];
        }
        return new Batch(tokens, positions, targets, starts, slots);
    }

    private static float[] gradients(Backend backend, ModelConfig config, Recompute recompute, Batch... batches) {
        TrainedWeights weights = TrainedWeights.random(backend, config, 3, 0.3);
        try (CausalLm model = new CausalLm(backend, weights, recompute, 64)) {
            for (Batch batch : batches) {
                float[] derivatives = new float[batch.targetCount()];
                for (int i = 0; i < derivatives.length; i++) {
                    derivatives[i] = (float) Math.sin(i + 1);
                }
                model.forward(new float[batch.targetCount()], batch, null, true);
                model.backward(derivatives);
            }
        }
        return weights.gradientRow().toFloats();
    }

    @ParameterizedTest
    @EnumSource(Architecture.class)
    void gradientsEqualPlainLoopsWhateverIsRecomputed(Architecture architecture) {
        for (boolean tied : new boolean[] {true, false}) {
            ModelConfig config = config(architecture, tied);
            Batch[] batches = {batch(61, 1, 34, 5), batch(61, 2), batch(61, 40, 3)};
            float[] want;
            try (Backend naive = new NaiveBackend()) {
                want = gradients(naive, config, Recompute.NONE, batches);
            }
            float[] first = null;
            for (Recompute recompute : Recompute.values()) {
                try (Backend cpu = new CpuBackend(1 + recompute.ordinal())) {
                    float[] got = gradients(cpu, config, recompute, batches);
                    assertThat(distance(got, want)).isLessThanOrEqualTo(1e-5);
                    first = first == null ? got : first;
                    assertThat(got).as(recompute.name()).isEqualTo(first);
                }
            }
        }
    }

    /** Along the gradient of each tensor by itself the loss changes as the gradient says. */
    @ParameterizedTest
    @EnumSource(Architecture.class)
    void everyTensorsGradientIsASlope(Architecture architecture) {
        ModelConfig config = config(architecture, architecture != Architecture.LLAMA);
        Batch batch = batch(61, 7, 13);
        try (Backend backend = new CpuBackend(1)) {
            TrainedWeights weights = TrainedWeights.random(backend, config, 3, 0.3);
            try (CausalLm model = new CausalLm(backend, weights, Recompute.NONE, 64)) {
                float[] ones = new float[batch.targetCount()];
                Arrays.fill(ones, 1);
                model.forward(new float[ones.length], batch, null, true);
                model.backward(ones);
                for (Stored stored : Architecture.tensors(config)) {
                    Tensor w = weights.value(stored.name());
                    float[] before = w.toFloats();
                    float[] g = weights.gradient(stored.name()).toFloats();
                    double norm = norm(g);
                    assertThat(norm).as(stored.name()).isPositive();
                    double step = 3e-3;
                    double above = loss(model, batch, w, before, g, step / norm);
                    double below = loss(model, batch, w, before, g, -step / norm);
                    backend.upload(w, before);
                    assertThat((above - below) / (2 * step) / norm)
                            .as(stored.name())
                            .isCloseTo(1, within(5e-3));
                }
            }
        }
    }

    private static double loss(CausalLm model, Batch batch, Tensor w, float[] from, float[] g, double step) {
        float[] moved = new float[from.length];
        for (int i = 0; i < moved.length; i++) {
            moved[i] = (float) (from[i] + step * g[i]);
        }
        model.backend().upload(w, moved);
        float[] logp = new float[batch.targetCount()];
        model.forward(logp, batch, null, false);
        double sum = 0;
        for (float value : logp) {
            sum += value;
        }
        return sum;
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama", "qwen2", "qwen3", "mistral", "gemma3"})
    void threeStepsOfPyTorch(String name) {
        Path folder = Path.of(System.getProperty("candor.goldens"), "full", name);
        try (Arena arena = Arena.ofShared();
                Backend backend = new CpuBackend(2)) {
            Safetensors expected = Safetensors.open(folder.resolve("expected.safetensors"), arena);
            Batch batch = golden(expected);
            TrainedWeights weights = TrainedWeights.load(backend, folder);
            AdamW adamW = new AdamW(backend, ADAM_W, weights.parameterRow(), weights.gradientRow(), weights.decayed());
            float[] losses = GoldenCase.floats(expected, "losses");
            float[] norms = GoldenCase.floats(expected, "norms");
            try (CausalLm model = new CausalLm(backend, weights, Recompute.NONE, 64)) {
                float[] logp = new float[batch.targetCount()];
                float[] derivatives = new float[batch.targetCount()];
                Arrays.fill(derivatives, -1f / batch.targetCount());
                for (int step = 0; step < losses.length; step++) {
                    backend.zero(weights.gradientRow());
                    model.forward(logp, batch, null, true);
                    model.backward(derivatives);
                    double loss = 0;
                    for (float value : logp) {
                        loss -= value / logp.length;
                    }
                    assertThat(loss).isCloseTo(losses[step], within(2e-6));
                    for (String tensor : step == 0 ? names(weights) : Set.<String>of()) {
                        float[] want = GoldenCase.floats(expected, "grad." + tensor);
                        assertThat(distance(weights.gradient(tensor).toFloats(), want))
                                .as(tensor)
                                .isLessThan(3e-6);
                    }
                    double norm = adamW.gradNorm();
                    // Both sides are float32, and AdamW makes a difference of the first step grow.
                    assertThat(norm).isCloseTo(norms[step], within(step == 0 ? 3e-6 : 1e-5));
                    adamW.step(RATE, norm);
                }
            }
            for (String tensor : names(weights)) {
                assertThat(distance(weights.stored(tensor), GoldenCase.floats(expected, "after." + tensor)))
                        .as(tensor)
                        .isLessThan(1e-5);
            }
        }
    }

    private static Set<String> names(TrainedWeights weights) {
        Set<String> names = new HashSet<>();
        Architecture.tensors(weights.config()).forEach(stored -> names.add(stored.name()));
        return names;
    }

    private static Batch golden(Safetensors expected) {
        long[] ids = expected.bytes("input_ids").toArray(ValueLayout.JAVA_LONG_UNALIGNED);
        long[] labels = expected.bytes("labels").toArray(ValueLayout.JAVA_LONG_UNALIGNED);
        int length = Math.toIntExact(expected.entry("input_ids").shape().get(1));
        int[] tokens = new int[ids.length];
        int[] positions = new int[ids.length];
        int[] targets = new int[ids.length];
        for (int i = 0; i < ids.length; i++) {
            tokens[i] = (int) ids[i];
            positions[i] = i % length;
            boolean last = i % length == length - 1;
            targets[i] = last || labels[i + 1] < 0 ? Batch.NO_TARGET : (int) labels[i + 1];
        }
        return new Batch(tokens, positions, targets, new int[] {0, length, 2 * length, 3 * length}, new int[] {
            Batch.BASE, Batch.BASE, Batch.BASE
        });
    }

    @Test
    void freshWeightsAreNormalAndTheSeedsOwn() {
        ModelConfig config = ModelConfig.of(Architecture.QWEN2)
                .hiddenSize(96)
                .intermediateSize(128)
                .layers(2)
                .heads(4, 2, 24)
                .vocabSize(300)
                .build();
        try (Backend backend = new CpuBackend(1)) {
            TrainedWeights one = TrainedWeights.random(backend, config, 3, 0.02);
            assertThat(TrainedWeights.random(backend, config, 3, 0.02)
                            .parameterRow()
                            .toFloats())
                    .isEqualTo(one.parameterRow().toFloats());
            assertThat(TrainedWeights.random(backend, config, 4, 0.02)
                            .parameterRow()
                            .toFloats())
                    .isNotEqualTo(one.parameterRow().toFloats());
            float[] numbers = floats(one.values().embedding());
            double size = Math.sqrt(numbers.length);
            double sum = 0;
            double squares = 0;
            double fourths = 0;
            int beyondTwo = 0;
            for (float number : numbers) {
                double z = number / 0.02;
                sum += z;
                squares += z * z;
                fourths += Math.pow(z, 4);
                beyondTwo += Math.abs(z) > 2 ? 1 : 0;
            }
            // Four standard errors of each.
            assertThat(sum / numbers.length).isCloseTo(0, within(4 / size));
            assertThat(squares / numbers.length).isCloseTo(1, within(4 * Math.sqrt(2) / size));
            assertThat(fourths / numbers.length).isCloseTo(3, within(4 * Math.sqrt(96) / size));
            assertThat((double) beyondTwo / numbers.length).isCloseTo(0.0455, within(4 * 0.21 / size));
            LayerWeights layer = one.values().layers().getFirst();
            assertThat(layer.inputNorm().toFloats()).containsOnly(1);
            assertThat(layer.bias(Projection.KEY).toFloats()).containsOnly(0);
            assertThat(floats(layer.weight(Projection.GATE))).isNotEqualTo(floats(layer.weight(Projection.UP)));
            assertThat(one.values().head()).isSameAs(one.values().embedding());
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = DType.class,
            names = {"F32", "BF16"})
    void whatIsWrittenLoadsAgain(DType dtype) throws Exception {
        Path from = Path.of(System.getProperty("candor.goldens"), "full", "qwen3");
        Path to = Files.createDirectory(temp.resolve("model"));
        Files.copy(from.resolve("config.json"), to.resolve("config.json"));
        try (Backend backend = new CpuBackend(1)) {
            TrainedWeights weights = TrainedWeights.load(backend, from);
            weights.write(to, dtype);
            float[] want = weights.parameterRow().toFloats();
            if (dtype == DType.BF16) {
                for (int i = 0; i < want.length; i++) {
                    want[i] = DType.bf16ToFloat(DType.floatToBf16(want[i]));
                }
            }
            assertThat(TrainedWeights.load(backend, to).parameterRow().toFloats())
                    .isEqualTo(want);
        }
    }

    @Test
    void moreWeightsThanARowHoldsAreRefused() {
        ModelConfig large = ModelConfig.of(Architecture.LLAMA)
                .hiddenSize(4096)
                .intermediateSize(14336)
                .layers(32)
                .heads(32, 8, 128)
                .vocabSize(128_256)
                .tieWordEmbeddings(false)
                .dtype(DType.BF16)
                .build();
        try (Backend backend = new CpuBackend(1)) {
            assertThatThrownBy(() -> TrainedWeights.random(backend, large, 1, 0.02))
                    .isInstanceOf(candor.BadInput.class)
                    .hasMessageContaining("8030261248 weights");
        }
        assertThat(TrainedWeights.length(large)).isGreaterThanOrEqualTo(large.parameterCount());
    }

    private static double norm(float[] values) {
        double squares = 0;
        for (float value : values) {
            squares += (double) value * value;
        }
        return Math.sqrt(squares);
    }

    private static double distance(float[] got, float[] want) {
        assertThat(got).hasSameSizeAs(want);
        double sum = 0;
        for (int i = 0; i < got.length; i++) {
            sum += Math.pow(got[i] - (double) want[i], 2);
        }
        return Math.sqrt(sum) / norm(want);
    }

    private static float[] floats(Weight weight) {
        return ((TrainedWeight) weight).value().toFloats();
    }
}
