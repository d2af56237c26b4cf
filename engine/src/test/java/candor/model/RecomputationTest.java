package candor.model;

import static candor.model.Recompute.FULL;
import static candor.model.Recompute.NONE;
import static candor.model.Recompute.SELECTIVE;
import static org.assertj.core.api.Assertions.assertThat;

import candor.lora.Adapter;
import candor.lora.AdapterBank;
import candor.lora.AdapterLayout;
import candor.lora.AdapterShape;
import candor.lora.LoraConfig;
import candor.lora.Memory;
import candor.ops.Backend;
import candor.ops.Batch;
import candor.ops.cpu.CpuBackend;
import candor.ops.cuda.CudaBackend;
import candor.ops.cuda.EmulatedDevice;
import candor.tensor.DType;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which layers compute what again changes memory and time, and no byte of a gradient. */
class RecomputationTest {
    private static final List<Recomputation> CHOICES = List.of(
            Recomputation.all(NONE, 6),
            Recomputation.all(SELECTIVE, 6),
            Recomputation.all(FULL, 6),
            new Recomputation(Collections.nCopies(6, FULL), true),
            Recomputation.of(2, 3, 6, true),
            new Recomputation(List.of(FULL, NONE, SELECTIVE, FULL, FULL, NONE), true),
            new Recomputation(List.of(SELECTIVE, FULL, FULL, SELECTIVE, NONE, SELECTIVE), true),
            new Recomputation(List.of(FULL, SELECTIVE, NONE, NONE, NONE, FULL), false),
            new Recomputation(List.of(NONE, NONE, FULL, NONE, NONE, NONE), true));

    @Test
    void theHighestOfThoseThatShareFindsWhatItLeft() {
        assertThat(Recomputation.of(2, 1, 5, false).left()).containsExactly(NONE, NONE, SELECTIVE, FULL, NONE);
        assertThat(new Recomputation(List.of(FULL, FULL, SELECTIVE, NONE), false).left())
                .containsExactly(FULL, SELECTIVE, NONE, NONE);
        assertThat(Recomputation.all(SELECTIVE, 3).left()).containsExactly(SELECTIVE, SELECTIVE, NONE);
    }

    @Test
    void itsTextSaysHowManyLayersDoWhat() {
        assertThat(Recomputation.all(FULL, 4).text()).isEqualTo("full");
        assertThat(Recomputation.of(0, 3, 4, false).text()).isEqualTo("selective=3");
        assertThat(Recomputation.of(12, 20, 64, true).text()).isEqualTo("full=12,selective=20");
        assertThat(Recomputation.of(12, 20, 64, true).over(8)).isEqualTo(Recomputation.of(2, 3, 8, true));
    }

    /** Fewer kept tensors are less memory, each by as much. */
    @Test
    void memoryFallsWithEachLayer() {
        ModelConfig config = config("qwen3");
        long none = bytes(config, Recomputation.all(NONE, 6)).workspace();
        long one = bytes(config, Recomputation.of(1, 0, 6, false)).workspace();
        long two = bytes(config, Recomputation.of(2, 0, 6, false)).workspace();
        long three = bytes(config, Recomputation.of(3, 0, 6, false)).workspace();
        assertThat(one).isEqualTo(none); // one set of tensors, shared by one layer
        assertThat(one - two).isPositive().isEqualTo(two - three);
        CausalLm.PassBytes here = bytes(config, Recomputation.all(FULL, 6));
        CausalLm.PassBytes away = bytes(config, Recomputation.of(6, 0, 6, true));
        long input = 24L * config.hiddenSize() * 2;
        assertThat(here.host()).isZero();
        assertThat(away.host()).isEqualTo(5 * input);
        assertThat(here.workspace() - away.workspace()).isEqualTo(3 * input); // five wait, two are on their way
    }

    private static CausalLm.PassBytes bytes(ModelConfig config, Recomputation recomputation) {
        return CausalLm.trainingBytes(DType.BF16, config, null, 24, 8, recomputation);
    }

    @ParameterizedTest
    @ValueSource(strings = {"qwen3", "mistral", "gemma3", "qwen2"})
    void gradientsAreTheSameBytesOnTheProcessor(String name) {
        float[] kept = null;
        for (Recomputation choice : CHOICES) {
            try (Backend backend = new CpuBackend(2)) {
                float[] gradients = gradients(backend, config(name), choice);
                kept = kept == null ? gradients : kept;
                assertThat(Arrays.equals(gradients, kept)).as(choice.toString()).isTrue();
            }
        }
    }

    @Test
    void gradientsAreTheSameBytesOnADevice() {
        EmulatedDevice.assumeThere();
        float[] kept = null;
        for (Recomputation choice : CHOICES) {
            try (Backend backend = CudaBackend.emulated()) {
                float[] gradients = gradients(backend, config("qwen3"), choice);
                kept = kept == null ? gradients : kept;
                assertThat(Arrays.equals(gradients, kept)).as(choice.toString()).isTrue();
            }
        }
    }

    /** Of five passes, the last ones graphs on a device; a longer one in between moves the workspace. */
    private static float[] gradients(Backend backend, ModelConfig config, Recomputation recomputation) {
        Memory memory = Memory.of(backend);
        LoraConfig lora = new LoraConfig(5, 8, false, EnumSet.allOf(Projection.class));
        try (Weights weights = Weights.random(config, 3, DType.BF16);
                CausalLm model = new CausalLm(backend, weights, recomputation, 64)) {
            AdapterBank bank = new AdapterBank(config, 1);
            Adapter adapter = Adapter.trained(memory, new AdapterLayout(AdapterShape.of(config, lora)))
                    .initialise(5);
            float[] start = new float[adapter.parameters().cols()];
            for (int i = 0; i < start.length; i++) {
                start[i] = (i * 7919 % 101 - 50) / 2000f;
            }
            backend.upload(adapter.parameters(), start);
            bank.set(0, adapter, 0.2);
            for (int length : new int[] {9, 9, 13, 9, 9}) {
                Batch batch = batch(config, length);
                float[] logp = new float[batch.targetCount()];
                model.forward(logp, batch, bank, true);
                float[] dlogp = new float[logp.length];
                for (int i = 0; i < dlogp.length; i++) {
                    dlogp[i] = (i % 3 - 1) / 4f;
                }
                model.backward(dlogp);
            }
            float[] gradients = new float[adapter.gradients().cols()];
            backend.download(gradients, adapter.gradients());
            assertThat(Arrays.equals(gradients, new float[gradients.length])).isFalse();
            return gradients;
        }
    }

    /** Two sequences whose masks are drawn from keys. */
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
        return new Batch(tokens, positions, targets, new int[] {0, length, n}, new int[] {0, 0})
                .dropping(new long[] {77, 78});
    }

    private static ModelConfig config(String name) {
        return ModelConfig.read(Path.of(System.getProperty("candor.goldens"), name, "model", "config.json"))
                .but()
                .layers(6)
                .build();
    }
}
