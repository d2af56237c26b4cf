package candor.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import candor.check.NaiveBackend;
import candor.lora.Adapter;
import candor.lora.AdapterBank;
import candor.lora.AdapterLayout;
import candor.lora.LoraConfig;
import candor.lora.Memory;
import candor.ops.AdamWStep;
import candor.ops.Backend;
import candor.ops.Batch;
import candor.ops.Heads;
import candor.ops.cpu.CpuBackend;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Whole models at shapes that no golden has: against plain loops, and against themselves in other circumstances. */
class CausalLmTest {
    private static final int POSITIONS = 70;
    private static final Set<Projection> ALL = EnumSet.allOf(Projection.class);

    /** Heads narrower and wider than vectors, seven queries to a key, widths and vocabularies that fill no tile. */
    private enum Odd {
        NARROW(Architecture.LLAMA, 45, 61, 2, new Heads(7, 1, 8), 29, true, DType.F32),
        BIASED(Architecture.QWEN2, 33, 7, 3, new Heads(14, 2, 6), 31, false, DType.BF16),
        WIDE(Architecture.QWEN3, 64, 97, 2, new Heads(7, 1, 96), 33, true, DType.F16),
        WIDER(Architecture.QWEN3, 20, 40, 1, new Heads(2, 2, 128), 103, false, DType.BF16),
        WIDEST(Architecture.LLAMA, 48, 33, 2, new Heads(3, 3, 256), 5, true, DType.F32),
        SLIDING(Architecture.MISTRAL, 24, 37, 2, new Heads(6, 2, 8, 11), 29, false, DType.F32),
        LOCAL(Architecture.GEMMA3, 37, 45, 3, new Heads(3, 1, 16, 9), 31, true, DType.BF16),
        SMALL(Architecture.LLAMA, 3, 1, 1, new Heads(1, 1, 2), 2, true, DType.F32);

        private final ModelConfig config;

        Odd(
                Architecture architecture,
                int hidden,
                int intermediate,
                int layers,
                Heads heads,
                int vocabulary,
                boolean tied,
                DType dtype) {
            config = ModelConfig.of(architecture)
                    .hiddenSize(hidden)
                    .intermediateSize(intermediate)
                    .layers(layers)
                    .heads(heads)
                    .queryScale(architecture == Architecture.GEMMA3 ? 0.7f : 1)
                    .local(
                            architecture == Architecture.GEMMA3
                                    ? new ModelConfig.Local(Set.of(0, 2), new Rope.Default(300))
                                    : null)
                    .vocabSize(vocabulary)
                    .tieWordEmbeddings(tied)
                    .maxPositionEmbeddings(POSITIONS)
                    .dtype(dtype)
                    .build();
        }
    }

    /**
     * A model with a bank: slot 0 and 3 are trained, 1 is frozen, 2 is empty; their ranks are no multiples of anything. Slot 0
     * drops some of its inputs, in batches that drop.
     */
    private static final class Setting implements AutoCloseable {
        final Backend backend;
        final Weights weights;
        final CausalLm model;
        final AdapterBank bank;

        Setting(Odd odd, Backend backend, Recompute recompute) {
            this.backend = backend;
            weights = Weights.random(odd.config, 7, odd.config.dtype());
            model = new CausalLm(backend, weights, recompute, POSITIONS);
            bank = new AdapterBank(odd.config, 4);
            bank.set(0, adapter(new LoraConfig(3, 5, false, ALL), true, 1), 0.05);
            bank.set(1, adapter(new LoraConfig(17, 8, true, ALL), false, 2));
            bank.set(3, adapter(new LoraConfig(70, 30, false, EnumSet.of(Projection.QUERY, Projection.DOWN)), true, 3));
        }

        Adapter adapter(LoraConfig lora, boolean trained, long seed) {
            AdapterLayout layout = new AdapterLayout(model.config(), lora);
            Memory memory = Memory.of(backend);
            Adapter adapter = trained ? Adapter.trained(memory, layout) : Adapter.frozen(memory, layout);
            adapter.initialise(seed);
            Random random = new Random(seed);
            for (int layer = 0; layer < model.config().layers(); layer++) {
                for (Projection projection : lora.projections()) {
                    Tensor b = adapter.b(layer, projection);
                    backend.upload(b, gaussian(random, (int) b.elements()));
                }
            }
            return adapter;
        }

        /** Log-probabilities, then the gradients of both trained adapters. */
        List<float[]> pass(Batch batch) {
            List<float[]> values = new ArrayList<>();
            values.add(new float[batch.targetCount()]);
            for (int slot : new int[] {0, 3}) {
                backend.zero(bank.get(slot).gradients());
            }
            model.forward(values.getFirst(), batch, bank, true);
            model.backward(gaussian(new Random(5), batch.targetCount()));
            for (int slot : new int[] {0, 3}) {
                values.add(bank.get(slot).gradients().toFloats());
            }
            return values;
        }

        @Override
        public void close() {
            model.close();
            weights.close();
            backend.close();
        }
    }

    private static float[] gaussian(Random random, int n) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    /** @param slots one per sequence, of these lengths; every third token has no target, and that of the first row is there */
    private static Batch batch(int vocabulary, int[] slots, int... lengths) {
        int n = Arrays.stream(lengths).sum();
        int[] tokens = new int[n];
        int[] positions = new int[n];
        int[] targets = new int[n];
        int[] starts = new int[lengths.length + 1];
        Random random = new Random(n);
        int row = 0;
        for (int s = 0; s < lengths.length; s++) {
            for (int p = 0; p < lengths[s]; p++, row++) {
                tokens[row] = random.nextInt(vocabulary);
                positions[row] = p;
                targets[row] = row % 3 == 1 ? Batch.NO_TARGET : random.nextInt(vocabulary);
            }
            starts[s + 1] = row;
        }
        return new Batch(tokens, positions, targets, starts, slots);
    }

    private static List<Batch> batches(Odd odd) {
        int v = odd.config.vocabSize();
        return List.of(
                batch(v, new int[] {0}, 1),
                batch(v, new int[] {3, 3, 1, Batch.BASE, 2, 0}, 1, 34, 5, 2, 1, 3),
                batch(v, new int[] {3}, POSITIONS),
                batch(v, new int[] {1, 0, 0, Batch.BASE, 3}, 3, 1, 5, 2, 34).dropping(5, 6, 7, 8, 9));
    }

    @ParameterizedTest
    @EnumSource(Odd.class)
    void equalsPlainLoops(Odd odd) {
        try (Setting plain = new Setting(odd, new NaiveBackend(), Recompute.NONE);
                Setting quick = new Setting(odd, new CpuBackend(2), Recompute.SELECTIVE)) {
            for (Batch batch : batches(odd)) {
                List<float[]> want = plain.pass(batch);
                List<float[]> got = quick.pass(batch);
                for (int i = 0; i < want.size(); i++) {
                    assertThat(distance(got.get(i), want.get(i)))
                            .as("part %d", i)
                            .isLessThanOrEqualTo(1e-5);
                }
                Tensor logits = quick.model.logits(batch, quick.bank);
                assertThat(distance(
                                logits.toFloats(),
                                plain.model.logits(batch, plain.bank).toFloats()))
                        .isLessThanOrEqualTo(1e-5);
            }
        }
    }

    /** ‖got − want‖ / ‖want‖; 0 where both are zero. */
    private static double distance(float[] got, float[] want) {
        assertThat(got).hasSameSizeAs(want);
        double difference = 0;
        double size = 0;
        for (int i = 0; i < got.length; i++) {
            difference += Math.pow(got[i] - (double) want[i], 2);
            size += Math.pow(want[i], 2);
        }
        return difference == 0 ? 0 : Math.sqrt(difference / size);
    }

    /** Threads, what is computed again, and which weights are laid out beforehand leave no trace. */
    @ParameterizedTest
    @EnumSource(Odd.class)
    void circumstancesDoNotChangeAByte(Odd odd) {
        try (Setting one = new Setting(odd, new CpuBackend(1), Recompute.NONE);
                Setting three = new Setting(odd, new CpuBackend(3, 0), Recompute.FULL);
                // Room for some weights' panels, and not for others'.
                Setting five =
                        new Setting(odd, new CpuBackend(5, odd.config.hiddenSize() * 500L), Recompute.SELECTIVE)) {
            for (Batch batch : batches(odd)) {
                List<float[]> want = one.pass(batch);
                assertSame(three.pass(batch), want);
                assertSame(five.pass(batch), want);
            }
        }
    }

    private static void assertSame(List<float[]> got, List<float[]> want) {
        for (int i = 0; i < want.size(); i++) {
            assertThat(got.get(i)).as("part %d", i).isEqualTo(want.get(i));
        }
    }

    /** Whatever a workspace held before, in whatever shape, a pass gives what a new model gives. */
    @ParameterizedTest
    @EnumSource(Recompute.class)
    void aPassLeavesNothingBehind(Recompute recompute) {
        Odd odd = Odd.WIDE;
        List<Batch> batches = batches(odd);
        try (Setting used = new Setting(odd, new CpuBackend(2), recompute)) {
            for (int i : new int[] {2, 0, 1, 3, 2, 1, 1, 3, 0, 2}) {
                List<float[]> fresh;
                try (Setting once = new Setting(odd, new CpuBackend(2), recompute)) {
                    fresh = once.pass(batches.get(i));
                }
                assertSame(used.pass(batches.get(i)), fresh);
                float[] logp = new float[batches.get(i).targetCount()];
                used.model.forward(logp, batches.get(i), used.bank, false);
                assertThat(logp).isEqualTo(fresh.getFirst());
                used.model.logits(batches.get(1), used.bank);
            }
        }
    }

    /** Of a slot that drops: what it adds, its gradients, and what goes on to the layers below come from one mask. */
    @ParameterizedTest
    @EnumSource(Recompute.class)
    void gradientsOfDroppedInputsAreDifferencesOfTheForwardPass(Recompute recompute) {
        Odd odd = Odd.NARROW;
        Batch batch = batches(odd).get(3);
        try (Setting setting = new Setting(odd, new CpuBackend(2), recompute)) {
            setting.pass(batch);
            Tensor parameters = setting.bank.get(0).parameters();
            float[] gradient = setting.bank.get(0).gradients().toFloats();
            float[] start = parameters.toFloats();
            double length = 0;
            for (float each : gradient) {
                length += each * (double) each;
            }
            length = Math.sqrt(length);
            double step = 2e-4;
            double[] loss = new double[2];
            for (int side = 0; side < 2; side++) {
                float[] moved = start.clone();
                for (int i = 0; i < moved.length; i++) {
                    moved[i] += (float) ((side == 0 ? step : -step) * gradient[i] / length);
                }
                setting.backend.upload(parameters, moved);
                float[] logp = new float[batch.targetCount()];
                setting.model.forward(logp, batch, setting.bank, false);
                float[] derivatives = gaussian(new Random(5), logp.length);
                for (int i = 0; i < logp.length; i++) {
                    loss[side] += derivatives[i] * (double) logp[i];
                }
            }
            assertThat((loss[0] - loss[1]) / (2 * step) / length).isCloseTo(1, within(0.01));
        }
    }

    /** What a slot drops changes nothing for the others, and nothing in a batch that does not drop. */
    @ParameterizedTest
    @EnumSource(names = {"NARROW", "BIASED", "WIDE"})
    void onlyASlotThatDropsMeetsItsMask(Odd odd) {
        Batch dropping = batches(odd).get(3);
        int v = odd.config.vocabSize();
        Batch plain = batch(v, new int[] {1, 0, 0, Batch.BASE, 3}, 3, 1, 5, 2, 34);
        try (Setting setting = new Setting(odd, new CpuBackend(2), Recompute.NONE)) {
            List<float[]> with = setting.pass(dropping);
            List<float[]> without = setting.pass(plain);
            for (int i = 0; i < plain.targetCount(); i++) {
                boolean drops = plain.slot(plain.targetSequence(i)) == 0;
                assertThat(with.get(0)[i] != without.get(0)[i]).isEqualTo(drops);
            }
            assertThat(with.get(1)).isNotEqualTo(without.get(1));
            assertThat(with.get(2)).isEqualTo(without.get(2));
            // The layer and its adapter one after the other are the layer with its adapter, where next to nothing is
            // dropped.
            setting.bank.set(0, setting.bank.get(0), 1e-12);
            List<float[]> nothing = setting.pass(dropping);
            assertThat(nothing.get(0)).isEqualTo(without.get(0));
            assertThat(distance(nothing.get(1), without.get(1))).isLessThan(1e-5);
            setting.bank.set(0, setting.bank.get(0));
            assertSame(setting.pass(dropping), without);
        }
    }

    /** Also where the frozen adapter is alone, or the trained ones lie in other slots. */
    @Test
    void anAdapterIsTrainedAsIfItWereAlone() {
        Odd odd = Odd.BIASED;
        int v = odd.config.vocabSize();
        try (Setting together = new Setting(odd, new CpuBackend(2), Recompute.NONE);
                Setting alone = new Setting(odd, new CpuBackend(2), Recompute.NONE)) {
            float[] frozen = together.bank.get(1).parameters().toFloats();
            Batch both = batch(v, new int[] {1, 3}, 7, 11);
            List<float[]> of = together.pass(both);
            alone.bank.set(0, alone.bank.get(3));
            alone.bank.set(1, null);
            alone.bank.set(3, null);
            // The same rows of the second sequence, with the same derivatives.
            int skipped = 0;
            int[][] rows = new int[3][11];
            for (int i = 0; i < 11; i++) {
                rows[0][i] = both.token(7 + i);
                rows[1][i] = i;
                rows[2][i] = both.target(7 + i);
            }
            for (int row = 0; row < 7; row++) {
                skipped += both.target(row) == Batch.NO_TARGET ? 0 : 1;
            }
            Batch second = new Batch(rows[0], rows[1], rows[2], new int[] {0, 11}, new int[] {0});
            float[] derivatives = gaussian(new Random(5), both.targetCount());
            float[] logp = new float[second.targetCount()];
            alone.model.forward(logp, second, alone.bank, true);
            alone.model.backward(Arrays.copyOfRange(derivatives, skipped, derivatives.length));
            assertThat(logp).isEqualTo(Arrays.copyOfRange(of.getFirst(), skipped, derivatives.length));
            assertThat(alone.bank.get(0).gradients().toFloats()).isEqualTo(of.get(2));
            assertThat(of.get(1)).containsOnly(0f);
            assertThat(together.bank.get(1).parameters().toFloats()).isEqualTo(frozen);
        }
    }

    @Test
    void aBatchWithoutTargetsChangesNothing() {
        try (Setting setting = new Setting(Odd.NARROW, new CpuBackend(2), Recompute.FULL)) {
            int[] none = {Batch.NO_TARGET, Batch.NO_TARGET};
            Batch batch = new Batch(new int[] {1, 2}, new int[] {0, 1}, none, new int[] {0, 2}, new int[] {0});
            List<float[]> values = setting.pass(batch);
            assertThat(values.getFirst()).isEmpty();
            assertThat(values.get(1)).containsOnly(0f);
        }
    }

    /** Three whole steps: forward, backward, norm, clipping, AdamW; several blocks of the optimiser's. */
    @Test
    void stepsAreTheSameBytesForAnyNumberOfThreads() {
        List<float[]> one = steps(1);
        assertThat(one.getFirst().length).isGreaterThan(3 * 4096);
        for (int threads : new int[] {2, 3, 5}) {
            assertSame(steps(threads), one);
        }
    }

    private static List<float[]> steps(int threads) {
        try (Setting setting = new Setting(Odd.WIDE, new CpuBackend(threads), Recompute.SELECTIVE)) {
            Backend backend = setting.backend;
            Adapter adapter = setting.bank.get(3);
            Tensor m = backend.allocate(DType.F32, 1, adapter.parameters().cols());
            Tensor v = backend.allocate(DType.F32, 1, adapter.parameters().cols());
            for (int step = 1; step <= 3; step++) {
                setting.pass(batches(Odd.WIDE).get(step % 2 + 1));
                double norm = Math.sqrt(backend.sumOfSquares(adapter.gradients()));
                AdamWStep rule = new AdamWStep(1e-2, 0.9, 0.999, 1e-8, 0.1, Math.min(1, 1 / norm), step);
                backend.adamW(adapter.parameters(), adapter.gradients(), m, v, rule);
            }
            return List.of(adapter.parameters().toFloats(), m.toFloats(), v.toFloats());
        }
    }

    @Test
    void thereIsNoWayBackButFromATrainingPassOverTheSameAdapters() {
        try (Setting setting = new Setting(Odd.NARROW, new CpuBackend(2), Recompute.NONE)) {
            Batch batch = batches(Odd.NARROW).get(1);
            float[] logp = new float[batch.targetCount()];
            Runnable back = () -> setting.model.backward(logp);
            assertNoWayBack(back, "no forward pass");
            setting.pass(batch);
            assertNoWayBack(back, "no forward pass");
            setting.model.forward(logp, batch, setting.bank, false);
            assertNoWayBack(back, "no forward pass");
            setting.model.forward(logp, batch, setting.bank, true);
            setting.model.logits(batch, setting.bank);
            assertNoWayBack(back, "no forward pass");
            setting.model.forward(logp, batch, setting.bank, true);
            Batch tooLong = batch(29, new int[] {0}, POSITIONS + 1);
            assertThatThrownBy(() -> setting.model.forward(new float[POSITIONS], tooLong, setting.bank, true))
                    .isInstanceOf(IllegalArgumentException.class);
            assertNoWayBack(back, "no forward pass");
            setting.model.forward(logp, batch, setting.bank, true);
            setting.bank.set(0, null);
            assertNoWayBack(back, "the adapters are others");
        }
    }

    private static void assertNoWayBack(Runnable back, String why) {
        assertThatThrownBy(back::run).isInstanceOf(IllegalStateException.class).hasMessageContaining(why);
    }

    @Test
    void refusesIdsBeyondTheVocabularyAndSlotsWithoutAdapters() {
        try (Setting setting = new Setting(Odd.WIDEST, new CpuBackend(2), Recompute.NONE)) {
            int[] start = {0};
            float[] logp = new float[1];
            for (int[] ids : new int[][] {{5, 0}, {0, 5}}) {
                Batch beyond = new Batch(
                        new int[] {ids[0]}, start.clone(), new int[] {ids[1]}, new int[] {0, 1}, new int[] {0});
                assertThatThrownBy(() -> setting.model.forward(logp, beyond, setting.bank, false))
                        .hasMessage("token 5 of a vocabulary of 5");
            }
            Batch last = new Batch(new int[] {4}, start, new int[] {4}, new int[] {0, 1}, new int[] {0});
            setting.model.forward(logp, last, setting.bank, false);
            assertThatThrownBy(() -> setting.model.forward(logp, last, null, false))
                    .hasMessageContaining("no adapters");
        }
    }
}
