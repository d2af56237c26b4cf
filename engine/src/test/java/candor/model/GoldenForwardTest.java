package candor.model;

import static org.assertj.core.api.Assertions.assertThat;

import candor.GoldenFolders;
import candor.lora.Adapter;
import candor.lora.AdapterBank;
import candor.ops.Batch;
import candor.ops.cpu.CpuBackend;
import candor.tensor.DType;
import candor.tensor.Tensor;
import com.sun.management.ThreadMXBean;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Logits, losses and gradients against PyTorch, transformers and PEFT in float32. The bounds are the project's; what was
 * seen is far below them and is printed, so that a drift is noticed before it fails.
 */
class GoldenForwardTest {
    private static final int[] ALL = {0, 1, 2};

    @ParameterizedTest
    @MethodSource("candor.GoldenFolders#names")
    void logitsEqualTheReference(String name) {
        try (GoldenCase golden = new GoldenCase(name);
                CpuBackend backend = new CpuBackend(2);
                CausalLm model = golden.castModel(backend, Recompute.NONE)) {
            AdapterBank bank = new AdapterBank(golden.weights.config(), 1);
            bank.set(0, golden.adapter(backend, false));
            for (int slot : new int[] {Batch.BASE, 0}) {
                Batch batch = golden.batch(ALL, new int[] {slot, slot, slot});
                Tensor logits = model.logits(batch, bank);
                String tensor = slot == Batch.BASE ? "base.logits" : "lora.logits";
                for (int s : ALL) {
                    double difference = golden.logitsDifference(logits, batch, s, s, golden.expected, tensor);
                    System.out.printf("%s %s, sequence %d: %.2e%n", name, tensor, s, difference);
                    assertThat(difference).isLessThanOrEqualTo(2e-4);
                }
            }
        }
    }

    /** One packed batch in which one sequence runs through an adapter, one through the base, one through an empty slot. */
    @ParameterizedTest
    @MethodSource("candor.GoldenFolders#names")
    void everySequenceSeesItsOwnSlotAlone(String name) {
        try (GoldenCase golden = new GoldenCase(name);
                CpuBackend backend = new CpuBackend(2);
                CausalLm model = golden.castModel(backend, Recompute.NONE)) {
            AdapterBank bank = new AdapterBank(golden.weights.config(), 3);
            bank.set(2, golden.adapter(backend, false));
            int[] slots = {2, Batch.BASE, 1};
            for (int turn = 0; turn < 3; turn++) {
                int[] order = {turn, (turn + 1) % 3, (turn + 2) % 3};
                Batch batch = golden.batch(order, slots);
                Tensor logits = model.logits(batch, bank);
                for (int i = 0; i < 3; i++) {
                    String tensor = slots[i] == 2 ? "lora.logits" : "base.logits";
                    assertThat(golden.logitsDifference(logits, batch, order[i], i, golden.expected, tensor))
                            .as("sequence %d in slot %d", order[i], slots[i])
                            .isLessThanOrEqualTo(2e-4);
                }
            }
        }
    }

    /** The reference folded the adapter into the weights; here it stays beside them. */
    @ParameterizedTest
    @MethodSource("candor.GoldenFolders#names")
    void theAdapterEqualsTheMergedWeights(String name) {
        try (GoldenCase golden = new GoldenCase(name);
                Arena arena = Arena.ofShared();
                CpuBackend backend = new CpuBackend(2);
                CausalLm model = new CausalLm(backend, golden.weights, Recompute.NONE, 64)) {
            Safetensors merged = Safetensors.open(golden.folder.resolve("merged.safetensors"), arena);
            AdapterBank bank = new AdapterBank(golden.weights.config(), 1);
            bank.set(0, golden.adapter(backend, false));
            Batch batch = golden.batch(ALL, new int[] {0, 0, 0});
            Tensor logits = model.logits(batch, bank);
            for (int s : ALL) {
                double difference = golden.logitsDifference(logits, batch, s, s, merged, "logits");
                System.out.printf("%s merged logits, sequence %d: %.2e%n", name, s, difference);
                assertThat(difference).isLessThanOrEqualTo(5e-4);
            }
        }
    }

    static Stream<Arguments> namesAndRecompute() {
        return GoldenFolders.names().stream()
                .flatMap(name -> Stream.of(Recompute.values()).map(recompute -> Arguments.of(name, recompute)));
    }

    @ParameterizedTest
    @MethodSource("namesAndRecompute")
    void lossAndGradientsEqualTheReference(String name, Recompute recompute) {
        try (GoldenCase golden = new GoldenCase(name);
                CpuBackend backend = new CpuBackend(2);
                CausalLm model = golden.castModel(backend, recompute)) {
            Adapter adapter = golden.adapter(backend, true);
            AdapterBank bank = new AdapterBank(golden.weights.config(), 1);
            bank.set(0, adapter);

            Batch bare = golden.batch(ALL, new int[] {Batch.BASE, Batch.BASE, Batch.BASE});
            float[] logp = new float[bare.targetCount()];
            model.forward(logp, bare, bank, false);
            assertLoss(golden, "base.loss", logp);

            Batch batch = golden.batch(ALL, new int[] {0, 0, 0});
            model.forward(logp, batch, bank, true);
            assertLoss(golden, "lora.loss", logp);
            float[] derivatives = new float[logp.length];
            Arrays.fill(derivatives, -1f / logp.length);
            model.backward(derivatives);
            assertGradients(golden, adapter, 1e-4);
        }
    }

    /** Sequences of three slots: two adapters of the same values that are trained, and the base between them. */
    @ParameterizedTest
    @MethodSource("candor.GoldenFolders#names")
    void gradientsOfSlotsAddUpToTheGradientOfOne(String name) {
        try (GoldenCase golden = new GoldenCase(name);
                CpuBackend backend = new CpuBackend(2);
                CausalLm model = golden.castModel(backend, Recompute.NONE)) {
            Adapter first = golden.adapter(backend, true);
            Adapter second = golden.adapter(backend, true);
            AdapterBank bank = new AdapterBank(golden.weights.config(), 2);
            bank.set(0, first);
            bank.set(1, second);
            // Sequences 0 and 2 train adapter 1, sequence 1 adapter 0; the base sequence must leave no trace.
            Batch batch = golden.batch(new int[] {0, 2, 0, 1}, new int[] {1, 1, Batch.BASE, 0});
            float[] logp = new float[batch.targetCount()];
            model.forward(logp, batch, bank, true);
            int targets = golden.batch(ALL, new int[] {0, 0, 0}).targetCount();
            float[] derivatives = new float[logp.length];
            Arrays.fill(derivatives, -1f / targets);
            model.backward(derivatives);
            float[] sum = first.gradients().toFloats();
            float[] other = second.gradients().toFloats();
            for (int i = 0; i < sum.length; i++) {
                sum[i] += other[i];
            }
            backend.upload(first.gradients(), sum);
            assertGradients(golden, first, 1e-4);
        }
    }

    @ParameterizedTest
    @EnumSource(Recompute.class)
    void oneThreadAndThreeWriteTheSameBytes(Recompute recompute) {
        for (DType products : List.of(DType.F32, DType.BF16)) {
            float[] alone = gradients(1, products, recompute);
            assertThat(gradients(3, products, recompute)).isEqualTo(alone);
            assertThat(gradients(3, products, Recompute.NONE)).isEqualTo(alone);
        }
    }

    private static float[] gradients(int threads, DType products, Recompute recompute) {
        try (GoldenCase golden = new GoldenCase("qwen3");
                CpuBackend backend = new CpuBackend(threads, products);
                CausalLm model = golden.castModel(backend, recompute)) {
            Adapter adapter = golden.adapter(backend, true);
            AdapterBank bank = new AdapterBank(golden.weights.config(), 1);
            bank.set(0, adapter);
            Batch batch = golden.batch(ALL, new int[] {0, 0, 0});
            float[] logp = new float[batch.targetCount()];
            model.forward(logp, batch, bank, true);
            model.backward(logp);
            return adapter.gradients().toFloats();
        }
    }

    /** A step may leave a few kilobytes of garbage, not more: no array, no view, no boxed vector. */
    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    void aStepAllocatesNextToNothing(DType products) {
        try (GoldenCase golden = new GoldenCase("llama3");
                CpuBackend backend = new CpuBackend(1, products);
                CausalLm model = golden.castModel(backend, Recompute.NONE)) {
            AdapterBank bank = new AdapterBank(golden.weights.config(), 1);
            bank.set(0, golden.adapter(backend, true));
            Batch batch = golden.batch(ALL, new int[] {0, 0, 0});
            float[] logp = new float[batch.targetCount()];
            long smallest = Long.MAX_VALUE;
            for (int i = 0; i < 5_000 && smallest > 8 << 10; i++) { // vectors are boxed until the methods are compiled
                long before = allocated();
                model.forward(logp, batch, bank, true);
                model.backward(logp);
                smallest = Math.min(smallest, allocated() - before);
            }
            System.out.println("bytes allocated by a step: " + smallest);
            assertThat(smallest).isLessThanOrEqualTo(8 << 10);
        }
    }

    private static long allocated() {
        return ((ThreadMXBean) ManagementFactory.getThreadMXBean()).getCurrentThreadAllocatedBytes();
    }

    private static void assertLoss(GoldenCase golden, String name, float[] logp) {
        double sum = 0;
        for (float value : logp) {
            sum -= value;
        }
        double loss = sum / logp.length;
        float reference = GoldenCase.floats(golden.expected, name)[0];
        System.out.printf("%s: %.2e%n", name, Math.abs(loss - reference));
        assertThat(Math.abs(loss - reference)).isLessThanOrEqualTo(1e-5);
    }

    private static void assertGradients(GoldenCase golden, Adapter adapter, double bound) {
        double worst = 0;
        for (int layer = 0; layer < golden.weights.config().layers(); layer++) {
            for (Projection projection : golden.lora.projections()) {
                for (String factor : new String[] {"A", "B"}) {
                    String name = "grad." + GoldenCase.name(layer, projection, factor) + ".default.weight";
                    Tensor got = factor.equals("A") ? adapter.da(layer, projection) : adapter.db(layer, projection);
                    double error = relative(got.toFloats(), GoldenCase.floats(golden.expected, name));
                    assertThat(error).as(name).isLessThanOrEqualTo(bound);
                    worst = Math.max(worst, error);
                }
            }
        }
        System.out.printf("gradients: %.2e%n", worst);
    }

    /** ‖got − want‖ / ‖want‖, Frobenius. */
    private static double relative(float[] got, float[] want) {
        assertThat(got).hasSameSizeAs(want);
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < got.length; i++) {
            difference += Math.pow(got[i] - (double) want[i], 2);
            norm += Math.pow(want[i], 2);
        }
        return Math.sqrt(difference / norm);
    }
}
