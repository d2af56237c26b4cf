package candor.model;

import static org.assertj.core.api.Assertions.assertThat;

import candor.generate.Completion;
import candor.generate.Generator;
import candor.generate.Request;
import candor.generate.Sampling;
import candor.lora.Adapter;
import candor.lora.AdapterBank;
import candor.lora.Memory;
import candor.lora.PeftFiles;
import candor.ops.Backend;
import candor.ops.Batch;
import candor.ops.cpu.CpuBackend;
import candor.ops.cuda.CudaBackend;
import candor.ops.cuda.EmulatedDevice;
import candor.text.Tokenizer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Adapters of every kind that PEFT makes: its own logits and greedy tokens, alone and side by side in one batch. */
class PeftGoldenTest {
    private static final int MOST_NEW = 24;
    private static final double TOLERANCE = 2e-5;

    /** A golden model with its adapters, each in a slot of its own. */
    private static final class Rig implements AutoCloseable {
        final Arena arena = Arena.ofShared();
        final Path folder;
        final Weights weights;
        final CausalLm model;
        final Safetensors expected;
        final JsonNode greedy;
        final Map<String, Integer> slots = new LinkedHashMap<>();
        final AdapterBank bank;
        final int[] ids;

        Rig(String name, Backend backend) throws IOException {
            Path goldens = Path.of(System.getProperty("candor.goldens"));
            folder = goldens.resolve("peft").resolve(name);
            weights = Weights.load(goldens.resolve(name).resolve("model"));
            model = new CausalLm(backend, weights, Recompute.NONE, 128);
            expected = Safetensors.open(folder.resolve("expected.safetensors"), arena);
            greedy = JsonMapper.builder()
                    .build()
                    .readTree(folder.resolve("expected.json").toFile());
            ids = LongStream.of(expected.bytes("input_ids").toArray(ValueLayout.JAVA_LONG_UNALIGNED))
                    .mapToInt(Math::toIntExact)
                    .toArray();
            greedy.fieldNames().forEachRemaining(kind -> {
                if (!kind.equals("prompt_ids")) {
                    slots.put(kind, slots.size());
                }
            });
            bank = new AdapterBank(weights.config(), slots.size());
            slots.forEach((kind, slot) -> bank.set(slot, adapter(kind)));
        }

        Adapter adapter(String kind) {
            return PeftFiles.frozen(folder.resolve(kind), weights, Memory.of(model.backend()));
        }

        /** Logits of the ids in each of these slots, in one batch. */
        float[][] logits(AdapterBank adapters, int... slotsInTurn) {
            int n = ids.length;
            int count = slotsInTurn.length;
            int[] tokens = new int[n * count];
            int[] positions = new int[n * count];
            int[] targets = new int[n * count];
            int[] starts = new int[count + 1];
            Arrays.fill(targets, Batch.NO_TARGET);
            for (int s = 0; s < count; s++) {
                System.arraycopy(ids, 0, tokens, s * n, n);
                for (int i = 0; i < n; i++) {
                    positions[s * n + i] = i;
                }
                starts[s + 1] = (s + 1) * n;
            }
            int vocabulary = weights.config().vocabSize();
            float[] all = new float[n * count * vocabulary];
            Batch batch = new Batch(tokens, positions, targets, starts, slotsInTurn);
            model.backend().download(all, model.logits(batch, adapters));
            float[][] each = new float[count][];
            for (int s = 0; s < count; s++) {
                each[s] = Arrays.copyOfRange(all, s * n * vocabulary, (s + 1) * n * vocabulary);
            }
            return each;
        }

        Request request(int slot) {
            JsonNode prompt = greedy.get("prompt_ids");
            List<Integer> ends = weights.config().eosTokenIds();
            return new Request(ints(prompt), slot, Sampling.GREEDY, 0, MOST_NEW, ends, List.of(), true);
        }

        @Override
        public void close() {
            model.close();
            weights.close();
            arena.close();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"qwen2", "llama3"})
    void logitsAreThoseOfPeftAndAsIfAlone(String name) throws IOException {
        try (CpuBackend backend = new CpuBackend(2);
                Rig rig = new Rig(name, backend)) {
            int[] turn = new int[rig.slots.size() + 1];
            turn[0] = Batch.BASE;
            rig.slots.values().forEach(slot -> turn[slot + 1] = slot);
            float[][] together = rig.logits(rig.bank, turn);
            float[] base = rig.logits(null, Batch.BASE)[0];
            assertThat(together[0]).isEqualTo(base);
            Map<String, Double> errors = new LinkedHashMap<>();
            rig.slots.forEach((kind, slot) -> {
                float[] expected = GoldenCase.floats(rig.expected, kind + ".logits");
                float[] logits = together[slot + 1];
                double largest = 0;
                double effect = 0;
                for (int i = 0; i < expected.length; i++) {
                    largest = Math.max(largest, Math.abs(logits[i] - expected[i]));
                    effect = Math.max(effect, Math.abs(base[i] - expected[i]));
                }
                errors.put(kind, largest);
                assertThat(effect).as(kind).isGreaterThan(1000 * TOLERANCE);
                AdapterBank alone = new AdapterBank(rig.weights.config(), 1);
                alone.set(0, rig.adapter(kind));
                assertThat(rig.logits(alone, 0)[0]).as(kind).isEqualTo(logits);
            });
            assertThat(errors.values()).as("%s", errors).allMatch(error -> error < TOLERANCE);
        }
    }

    /** In bf16 the numbers are coarser, but each slot still has what it has alone; the distances are a few roundings. */
    @Test
    void theEmulatedDeviceComesNearAndAsIfAlone() throws IOException {
        EmulatedDevice.assumeThere();
        try (CudaBackend cuda = CudaBackend.emulated();
                Rig rig = new Rig("llama3", cuda)) {
            int[] turn = {Batch.BASE, 0, 1, 2, 3};
            float[][] together = rig.logits(rig.bank, turn);
            assertThat(together[0]).isEqualTo(rig.logits(null, Batch.BASE)[0]);
            rig.slots.forEach((kind, slot) -> {
                float[] expected = GoldenCase.floats(rig.expected, kind + ".logits");
                double squares = 0;
                double size = 0;
                for (int i = 0; i < expected.length; i++) {
                    squares += Math.pow(together[slot + 1][i] - expected[i], 2);
                    size += Math.pow(expected[i], 2);
                }
                assertThat(Math.sqrt(squares / size)).as(kind).isLessThan(0.02);
                AdapterBank alone = new AdapterBank(rig.weights.config(), 1);
                alone.set(0, rig.adapter(kind));
                assertThat(rig.logits(alone, 0)[0]).as(kind).isEqualTo(together[slot + 1]);
            });
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"qwen2", "llama3"})
    void greedyTokensAreThoseOfPeft(String name) throws IOException {
        try (CpuBackend backend = new CpuBackend(2);
                Rig rig = new Rig(name, backend)) {
            Tokenizer tokenizer = Tokenizer.load(rig.folder.resolve("../../" + name + "/model"));
            List<Request> requests = new ArrayList<>();
            rig.slots.values().forEach(slot -> requests.add(rig.request(slot)));
            List<Completion> together = generate(rig, tokenizer, new Generator.Settings(7, 23, 1 << 24), requests);
            rig.slots.forEach((kind, slot) -> {
                Completion completion = together.get(slot);
                assertThat(completion.tokens()).as(kind).containsExactly(ints(rig.greedy.get(kind)));
                Completion alone = generate(
                                rig, tokenizer, new Generator.Settings(1, 512, 1 << 22), List.of(rig.request(slot)))
                        .getFirst();
                assertThat(alone.logProbs()).as(kind).isEqualTo(completion.logProbs());
            });
        }
    }

    private static List<Completion> generate(
            Rig rig, Tokenizer tokenizer, Generator.Settings settings, List<Request> requests) {
        try (Generator generator = new Generator(rig.model, rig.bank, tokenizer, settings)) {
            return generator.generate(requests);
        }
    }

    private static int[] ints(JsonNode list) {
        int[] values = new int[list.size()];
        Arrays.setAll(values, i -> list.get(i).intValue());
        return values;
    }
}
