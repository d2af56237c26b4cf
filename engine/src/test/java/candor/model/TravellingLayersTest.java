package candor.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.lora.Adapter;
import candor.lora.AdapterBank;
import candor.lora.AdapterLayout;
import candor.lora.AdapterShape;
import candor.lora.LoraConfig;
import candor.lora.Memory;
import candor.ops.Backend;
import candor.ops.Batch;
import candor.ops.CountedPlaces;
import candor.ops.DecoratedBackend;
import candor.ops.WeightPlaces;
import candor.ops.cpu.CpuBackend;
import candor.ops.cuda.CudaBackend;
import candor.ops.cuda.EmulatedDevice;
import candor.ops.weight.PackedForm;
import candor.tensor.DType;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Where layers are between their uses changes memory and time, and no byte of a result. */
class TravellingLayersTest {
    private static final int LAYERS = 5;
    private static final Recomputation KEPT = Recomputation.of(3, 1, LAYERS, false);

    @BeforeEach
    void thereIsADevice() {
        EmulatedDevice.assumeThere();
    }

    @ParameterizedTest
    @CsvSource({"qwen3, F32, ", "mistral, F16, ", "llama3, BF16, NF4", "qwen3, BF16, INT8", "llama3, BF16, FP8"})
    void allResultsAreTheSameBytes(String name, DType stored, PackedForm form) {
        ModelConfig config = config(name, LAYERS, form);
        float[] stayed = results(config, stored, Residency.ALL, new ArrayList<>());
        for (Residency residency : List.of(Residency.NONE, new Residency(1, 3))) {
            assertThat(Arrays.equals(results(config, stored, residency, new ArrayList<>()), stayed))
                    .as(residency.toString())
                    .isTrue();
        }
    }

    /** Copies and operations in any order that the events allow. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void eventsKeepCopiesAndOperationsInOrder(int seed) {
        ModelConfig config = config("llama3", LAYERS, null);
        float[] stayed = results(config, DType.BF16, Residency.ALL, new ArrayList<>());
        EmulatedDevice.with("streams=lazy seed=" + seed, () -> assertThat(
                        Arrays.equals(results(config, DType.BF16, Residency.NONE, new ArrayList<>()), stayed))
                .isTrue());
    }

    /** A pass that turns back finds the last two layers there, at the top and at the foot. */
    @Test
    void whatIsThereIsNotFetched() {
        ModelConfig config = config("llama3", LAYERS, null);
        List<Long> sent = new ArrayList<>();
        results(config, DType.BF16, Residency.NONE, sent);
        // Forward and back, of which the first begins with nothing; two forward alone; forward and back behind such a
        // one.
        int turned = LAYERS - Turns.PLACES;
        assertThat(sent).hasSize(LAYERS + turned + turned + LAYERS + LAYERS + turned);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void ofFewLayersNoneIsLost(int layers) {
        ModelConfig config = config("qwen3", layers, null);
        List<Long> sent = new ArrayList<>();
        float[] stayed = results(config, DType.BF16, Residency.ALL, sent);
        assertThat(sent).isEmpty();
        assertThat(Arrays.equals(results(config, DType.BF16, Residency.NONE, sent), stayed))
                .isTrue();
        if (layers <= Turns.PLACES) {
            assertThat(sent).hasSize(layers);
        }
    }

    @Test
    void onTheProcessorAllLayersStay() {
        ModelConfig config = config("qwen3", 3, null);
        try (Backend backend = new CpuBackend(1)) {
            assertThatThrownBy(() -> backend.weightPlaces(1, 1, 1)).hasMessageContaining("cpu reads weights where");
            float[] stayed = results(backend, config, DType.BF16, Residency.ALL);
            assertThat(results(backend, config, DType.BF16, Residency.NONE)).isEqualTo(stayed);
        }
    }

    @Test
    void partsOfTheLayersStayInTurns() {
        Residency second = new Residency(1, 3);
        assertThat(second.stays(0)).isFalse();
        assertThat(second.stays(1)).isTrue();
        assertThat(second.stays(4)).isTrue();
        assertThat(second.travelling(7)).isEqualTo(5);
        assertThat(Residency.ALL.travelling(7)).isZero();
        assertThat(Residency.NONE.travelling(7)).isEqualTo(7);
        assertThatThrownBy(() -> new Residency(3, 3)).hasMessage("part 3 of 3");
    }

    private static ModelConfig config(String name, int layers, PackedForm form) {
        Path file = Path.of(System.getProperty("candor.goldens"), name, "model", "config.json");
        return ModelConfig.read(file).but().layers(layers).build().packed(form);
    }

    private static float[] results(ModelConfig config, DType stored, Residency residency, List<Long> sent) {
        try (Backend backend = new Watched(CudaBackend.emulated(), sent)) {
            return results(backend, config, stored, residency);
        }
    }

    /** Writes down how many bytes each copy has. */
    private static final class Watched extends DecoratedBackend {
        private final List<Long> sent;

        Watched(Backend backend, List<Long> sent) {
            super(backend);
            this.sent = sent;
        }

        @Override
        public WeightPlaces weightPlaces(long bytes, int places, int buffers) {
            return new CountedPlaces(super.weightPlaces(bytes, places, buffers), count -> {
                assertThat(count).isPositive().isLessThanOrEqualTo(bytes);
                sent.add(count);
            });
        }
    }

    /** Log-probabilities of passes of all kinds, one after another, then logits, then the gradients of the adapter. */
    private static float[] results(Backend backend, ModelConfig config, DType stored, Residency residency) {
        Memory memory = Memory.of(backend);
        LoraConfig lora = new LoraConfig(5, 8, false, EnumSet.allOf(Projection.class));
        Recomputation kept = config.layers() == LAYERS ? KEPT : Recomputation.all(Recompute.FULL, config.layers());
        List<Float> all = new ArrayList<>();
        try (Weights weights = Weights.random(config, 3, stored);
                CausalLm model = new CausalLm(backend, weights, kept, residency, 64)) {
            AdapterBank bank = new AdapterBank(config, 1);
            Adapter adapter = Adapter.trained(memory, new AdapterLayout(AdapterShape.of(config, lora)))
                    .initialise(5);
            float[] start = new float[adapter.parameters().cols()];
            for (int i = 0; i < start.length; i++) {
                start[i] = (i * 7919 % 101 - 50) / 2000f;
            }
            backend.upload(adapter.parameters(), start);
            bank.set(0, adapter, 0);
            for (int length : new int[] {9, -9, -7, 9}) {
                Batch batch = batch(config, Math.abs(length));
                float[] logp = new float[batch.targetCount()];
                model.forward(logp, batch, bank, length > 0);
                add(all, logp);
                if (length > 0) {
                    float[] dlogp = new float[logp.length];
                    for (int i = 0; i < dlogp.length; i++) {
                        dlogp[i] = (i % 3 - 1) / 4f;
                    }
                    model.backward(dlogp);
                }
            }
            float[] gradients = new float[adapter.gradients().cols()];
            backend.download(gradients, adapter.gradients());
            assertThat(Arrays.equals(gradients, new float[gradients.length])).isFalse();
            add(all, gradients);
        }
        float[] values = new float[all.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = all.get(i);
        }
        return values;
    }

    private static void add(List<Float> all, float[] values) {
        for (float value : values) {
            assertThat(Float.isFinite(value)).isTrue();
            all.add(value);
        }
    }

    private static Batch batch(ModelConfig config, int length) {
        int n = length + 5;
        int[] tokens = new int[n];
        int[] positions = new int[n];
        int[] targets = new int[n];
        for (int i = 0; i < n; i++) {
            tokens[i] = (31 * i + 5) % config.vocabSize();
            positions[i] = i < length ? i : i - length;
            targets[i] = i % 2 == 0 ? Batch.NO_TARGET : (17 * i + 3) % config.vocabSize();
        }
        return new Batch(tokens, positions, targets, new int[] {0, length, n}, new int[] {0, 0});
    }
}
