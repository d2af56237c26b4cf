package candor.ops.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import candor.check.Reference;
import candor.ops.Backend;
import candor.ops.Batch;
import candor.ops.Heads;
import candor.ops.Lora;
import candor.ops.Ops;
import candor.ops.PassShape;
import candor.ops.Write;
import candor.ops.op.Epilogue;
import candor.ops.op.GeGlu;
import candor.ops.op.Linears;
import candor.ops.op.LinearsBackward;
import candor.ops.op.Rope;
import candor.ops.op.SwiGlu;
import candor.ops.weight.PackedForm;
import candor.ops.weight.Siblings;
import candor.ops.weight.StoredWeight;
import candor.ops.weight.Weight;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Layers of one input as one product on the emulated device: against float64, and against the layers one by one. */
class StackedLayersTest {
    private static final int INPUTS = 40;
    private static final int[] OUTPUTS = {56, 8, 24};
    private static final int[] RANKS = {5, 20, 16};
    private static final int[] COLUMNS = {0, 16, 48, 64};

    /** Two adapters, of which each lacks a layer, and rows of none. */
    private static final int[] SLOTS = {0, Batch.BASE, 1};

    private static final boolean[][] TOUCHES = {{true, true, false}, {false, true, true}};

    private final Arena arena = Arena.ofShared();
    private CudaBackend backend;

    @AfterEach
    void close() {
        arena.close();
        if (backend != null) {
            backend.close();
        }
    }

    private static Batch batch() {
        int[] lengths = {33, 5, 41};
        int[] starts = {0, 33, 38, 79};
        int n = Arrays.stream(lengths).sum();
        int[] positions = new int[n];
        for (int s = 0; s < lengths.length; s++) {
            for (int i = 0; i < lengths[s]; i++) {
                positions[starts[s] + i] = i;
            }
        }
        int[] targets = new int[n];
        Arrays.fill(targets, Batch.NO_TARGET);
        return new Batch(new int[n], positions, targets, starts, SLOTS);
    }

    private static float[] values(String name, int count) {
        Random random = new Random(name.hashCode());
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = DType.bf16ToFloat(DType.floatToBf16((float) random.nextGaussian()));
        }
        return values;
    }

    /** The tensors of a pass in one memory, by name, filled with what belongs to the name. */
    private static final class Place {
        final Map<String, Tensor> tensors = new HashMap<>();
        private final Function<int[], Tensor> activations;
        private final Function<int[], Tensor> floats;
        private final Function<Siblings, Siblings> weights;
        private final Ops ops;
        private final BiConsumer<Tensor, float[]> fill;
        private final Lora.Seat[] seats = new Lora.Seat[OUTPUTS.length];

        Place(
                Ops ops,
                Function<int[], Tensor> activations,
                Function<int[], Tensor> floats,
                Function<Siblings, Siblings> weights,
                BiConsumer<Tensor, float[]> fill) {
            this.ops = ops;
            this.activations = activations;
            this.floats = floats;
            this.weights = weights;
            this.fill = fill;
            Arrays.setAll(seats, _ -> new Lora.Seat());
        }

        Tensor activation(String name, int rows, int cols) {
            return tensors.computeIfAbsent(name, key -> filled(key, activations.apply(new int[] {rows, cols})));
        }

        Tensor real(String name, int rows, int cols) {
            return tensors.computeIfAbsent(name, key -> filled(key, floats.apply(new int[] {rows, cols})));
        }

        private Tensor filled(String name, Tensor tensor) {
            fill.accept(tensor, values(name, (int) tensor.elements()));
            return tensor;
        }

        Lora lora(int layer) {
            Lora.Factors[] slots = new Lora.Factors[TOUCHES.length];
            for (int slot = 0; slot < slots.length; slot++) {
                if (TOUCHES[slot][layer]) {
                    String name = layer + "," + slot;
                    int rank = RANKS[layer];
                    slots[slot] = new Lora.Factors(
                            real("a" + name, rank, INPUTS),
                            real("b" + name, OUTPUTS[layer], rank),
                            0.5f + slot + layer,
                            real("da" + name, rank, INPUTS),
                            real("db" + name, OUTPUTS[layer], rank));
                }
            }
            return Lora.on(seats[layer], null, 0, slots);
        }

        private Tensor part(String name, int layer) {
            int n = batch().tokenCount();
            int from = Arrays.stream(OUTPUTS, 0, layer).sum();
            return switch (name) {
                case "t", "dt" -> activation(name, n, COLUMNS[3]).columns(COLUMNS[layer], COLUMNS[layer + 1]);
                case "bias" -> tensors.get("bias" + layer);
                default -> activation(name, n, Arrays.stream(OUTPUTS).sum()).columns(from, from + OUTPUTS[layer]);
            };
        }

        Linears forward(Siblings w) {
            List<Linears.Part> parts = new ArrayList<>();
            for (int i = 0; i < OUTPUTS.length; i++) {
                parts.add(new Linears.Part(part("y", i), part("t", i), part("bias", i), lora(i)));
            }
            return new Linears(activation("x", batch().tokenCount(), INPUTS), weights.apply(w), parts, batch());
        }

        LinearsBackward backward(Siblings w, Write write) {
            List<LinearsBackward.Part> parts = new ArrayList<>();
            for (int i = 0; i < OUTPUTS.length; i++) {
                parts.add(new LinearsBackward.Part(part("dt", i), part("dy", i), part("t", i), lora(i)));
            }
            int n = batch().tokenCount();
            return new LinearsBackward(
                    activation("dx", n, INPUTS), activation("x", n, INPUTS), weights.apply(w), parts, batch(), write);
        }
    }

    private Siblings stored() {
        List<Weight> parts = new ArrayList<>();
        for (int i = 0; i < OUTPUTS.length; i++) {
            parts.add(StoredWeight.of(Tensor.of(arena, OUTPUTS[i], INPUTS, values("w" + i, OUTPUTS[i] * INPUTS))));
        }
        return new Siblings(parts);
    }

    private List<Tensor> biases() {
        List<Tensor> biases = new ArrayList<>();
        for (int outputs : OUTPUTS) {
            biases.add(Tensor.of(arena, 1, outputs, values("bias" + outputs, outputs)));
        }
        return biases;
    }

    private Place onHost() {
        Place host = new Place(
                new Reference(),
                shape -> Tensor.allocate(arena, DType.F64, shape[0], shape[1]),
                shape -> Tensor.allocate(arena, DType.F64, shape[0], shape[1]),
                siblings -> siblings,
                (tensor, all) -> {
                    for (int i = 0; i < all.length; i++) {
                        tensor.set(i / tensor.cols(), i % tensor.cols(), all[i]);
                    }
                });
        List<Tensor> biases = biases();
        for (int i = 0; i < biases.size(); i++) {
            host.tensors.put("bias" + i, biases.get(i));
        }
        return host;
    }

    /** @param together whether weights are frozen as siblings, else one by one */
    private Place onDevice(boolean together) {
        Place place = new Place(
                backend,
                shape -> backend.allocate(DType.BF16, shape[0], shape[1]),
                shape -> backend.allocate(DType.F32, shape[0], shape[1]),
                siblings -> together
                        ? backend.freeze(siblings)
                        : new Siblings(siblings.parts().stream()
                                .<Weight>map(part -> backend.freeze(StoredWeight.of(part)))
                                .toList()),
                (tensor, all) -> backend.upload(tensor, all));
        List<Tensor> biases = backend.constants(biases());
        for (int i = 0; i < biases.size(); i++) {
            place.tensors.put("bias" + i, biases.get(i));
        }
        return place;
    }

    private float[] get(Place place, String name) {
        Tensor tensor = place.tensors.get(name);
        if (!(place.ops instanceof Backend)) {
            return tensor.toFloats();
        }
        float[] values = new float[(int) tensor.elements()];
        backend.download(values, tensor);
        return values;
    }

    private static double distance(float[] got, float[] expected) {
        double sum = 0;
        double all = 0;
        for (int i = 0; i < got.length; i++) {
            sum += Math.pow(got[i] - (double) expected[i], 2);
            all += Math.pow(expected[i], 2);
        }
        return Math.sqrt(sum / all);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "capability=90"})
    void stackedLayersGiveWhatTheyGiveOneByOne(String device) {
        EmulatedDevice.assumeThere();
        EmulatedDevice.with(device, () -> {
            backend = CudaBackend.emulated();
            Place truth = onHost();
            Place stacked = onDevice(true);
            Place alone = onDevice(false);
            for (Place place : List.of(truth, stacked, alone)) {
                Linears op = place.forward(stored());
                if (place != truth) {
                    assertThat(StackedLayers.of(op) != null).isEqualTo(place == stacked);
                }
                place.ops.run(op);
            }
            assertThat(get(stacked, "y")).isEqualTo(get(alone, "y"));
            assertThat(distance(get(stacked, "y"), get(truth, "y"))).isLessThan(4e-3);
            for (Write write : Write.values()) {
                for (Place place : List.of(truth, stacked, alone)) {
                    LinearsBackward op = place.backward(stored(), write);
                    if (place != truth) {
                        assertThat(StackedLayers.of(op) != null).isEqualTo(place == stacked);
                    }
                    place.ops.run(op);
                }
                for (String name : truth.tensors.keySet()) {
                    if (name.startsWith("d") && !name.equals("dt") && !name.equals("dy")) {
                        double off = distance(get(alone, name), get(truth, name));
                        assertThat(distance(get(stacked, name), get(truth, name)))
                                .as(name + " " + write)
                                .isLessThan(1.1 * off + 1e-3);
                    }
                }
            }
        });
    }

    private Tensor activation(String name, int rows, int cols) {
        Tensor tensor = backend.allocate(DType.BF16, rows, cols);
        backend.upload(tensor, values(name, rows * cols));
        return tensor;
    }

    private float[] get(Tensor tensor) {
        float[] values = new float[(int) tensor.elements()];
        backend.download(values, tensor);
        return values;
    }

    /** Layers (outputs[i], 40) of the tokens of the batch, whose results are columns of y. */
    private Linears layers(Tensor x, Tensor y, Siblings w, Epilogue then, boolean kept) {
        List<Linears.Part> parts = new ArrayList<>();
        int end = 0;
        for (Weight part : w.parts()) {
            int start = end;
            end += part.rows();
            parts.add(new Linears.Part(y.columns(start, end), null, null, null));
        }
        return new Linears(x, w, parts, then, kept, batch());
    }

    private Siblings weights(int... outputs) {
        List<Weight> parts = new ArrayList<>();
        for (int rows : outputs) {
            parts.add(StoredWeight.of(Tensor.of(arena, rows, INPUTS, values("of " + rows, rows * INPUTS))));
        }
        return backend.freeze(new Siblings(parts));
    }

    @ParameterizedTest
    @CsvSource({"'', 64", "capability=90, 64", "capability=90, 128", "capability=90, 32"})
    void headsTurnInTheCallOfTheirProduct(String device, int width) {
        EmulatedDevice.assumeThere();
        EmulatedDevice.with(device, () -> {
            backend = CudaBackend.emulated();
            int n = batch().tokenCount();
            Siblings w = weights(3 * width, width, width);
            Tensor x = activation("x", n, INPUTS);
            Tensor table = backend.constant(Tensor.of(arena, 41, width, values("table", 41 * width)));
            Tensor apart = activation("apart", n, 5 * width);
            Tensor y = activation("y", n, 5 * width);
            Rope rope = new Rope(y.columns(0, 4 * width), table, batch());
            Linears op = layers(x, y, w, rope, true);
            assertThat(StackedLayers.of(op).precede(rope)).isTrue();
            backend.run(op);
            backend.run(layers(x, apart, w, null, true));
            float[] before = get(apart);
            backend.rope(apart.columns(0, 4 * width), table, batch());
            assertThat(get(apart)).isNotEqualTo(before);
            assertThat(get(y)).isEqualTo(get(apart));
            // Columns that are not the first ones turn in a call of their own.
            Rope keys = new Rope(y.columns(3 * width, 4 * width), table, batch());
            assertThat(StackedLayers.of(op).precede(keys)).isFalse();
            backend.run(layers(x, y, w, keys, true));
            backend.run(layers(x, apart, w, null, true));
            backend.rope(apart.columns(3 * width, 4 * width), table, batch());
            assertThat(get(y)).isEqualTo(get(apart));
        });
    }

    @ParameterizedTest
    @CsvSource({"'', 72, false", "capability=90, 136, true", "capability=90, 200, false", "capability=90, 37, true"})
    void gatesAreInTheCallOfTheirProduct(String device, int width, boolean gelu) {
        EmulatedDevice.assumeThere();
        EmulatedDevice.with(device, () -> {
            backend = CudaBackend.emulated();
            int n = batch().tokenCount();
            Siblings w = weights(width, width);
            Tensor x = activation("x", n, INPUTS);
            Tensor apart = activation("apart", n, 2 * width);
            Tensor expected = activation("expected", n, width);
            backend.run(layers(x, apart, w, null, true));
            backend.run(gelu ? new GeGlu(expected, apart) : new SwiGlu(expected, apart));
            Tensor y = activation("y", n, 2 * width);
            Tensor gated = activation("gated", n, width);
            Epilogue then = gelu ? new GeGlu(gated, y) : new SwiGlu(gated, y);
            Linears op = layers(x, y, w, then, true);
            assertThat(StackedLayers.of(op).precede(then)).isTrue();
            backend.run(op);
            assertThat(get(y)).isEqualTo(get(apart));
            assertThat(get(gated)).isEqualTo(get(expected));
            backend.upload(gated, values("gated", n * width));
            backend.run(layers(x, y, w, then, false));
            assertThat(get(gated)).as("y not kept").isEqualTo(get(expected));
            // What lies elsewhere is a call of its own.
            Epilogue elsewhere = gelu ? new GeGlu(gated, apart) : new SwiGlu(gated, apart);
            assertThat(StackedLayers.of(op).precede(elsewhere)).isFalse();
        });
    }

    /** What a plan counts for the kernels' scratch memory and images of adapters is at least what they take, and not twice as much. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void theirScratchMemoryIsPlanned(boolean packed) {
        EmulatedDevice.assumeThere();
        backend = CudaBackend.emulated();
        Siblings weights = stored();
        if (packed) {
            weights = new Siblings(weights.parts().stream()
                    .<Weight>map(part -> PackedForm.INT8.pack(StoredWeight.of(part), arena))
                    .toList());
        }
        Place place = onDevice(true);
        Linears forward = place.forward(weights);
        LinearsBackward backward = place.backward(weights, Write.SET);
        assertThat(StackedLayers.of(backward)).isNotNull();
        backend.synchronise();
        long before = backend.usedBytes();
        backend.run(forward);
        backend.run(backward);
        backend.synchronise();
        List<PassShape.LinearShape> layers = new ArrayList<>();
        for (int i = 0; i < OUTPUTS.length; i++) {
            layers.add(new PassShape.LinearShape(INPUTS, OUTPUTS[i], COLUMNS[i + 1] - COLUMNS[i]));
        }
        int n = batch().tokenCount();
        PassShape pass =
                new PassShape(n, 1, 41, 0, TOUCHES.length, new Heads(1, 1, 8), 8, 8, List.of(layers), packed, true);
        long planned = ScratchBytes.of(pass)
                + ScratchBytes.imageBytes(pass, 2, false)
                - ScratchBytes.imageBytes(pass, 1, false); // of a layer
        assertThat(backend.usedBytes() - before).isBetween(planned / 2, planned);
    }

    @Test
    void layersThatDoNotLieSoAreAskedForOneByOne() {
        EmulatedDevice.assumeThere();
        backend = CudaBackend.emulated();
        Place place = onDevice(true);
        Siblings there = backend.freeze(stored());
        Linears op = place.forward(stored());
        List<Linears.Part> parts = new ArrayList<>(op.parts());
        Linears.Part last = parts.get(2);
        Tensor apart = backend.allocate(DType.BF16, batch().tokenCount(), OUTPUTS[2]);
        parts.set(2, new Linears.Part(apart, last.t(), last.bias(), last.lora()));
        assertThat(StackedLayers.of(new Linears(op.x(), there, parts, batch())))
                .as("an output elsewhere")
                .isNull();
        Siblings swapped = Siblings.of(there.part(1), there.part(0), there.part(2));
        assertThat(DeviceWeight.stacked(swapped)).as("another order").isNull();
        assertThat(DeviceWeight.stacked(Siblings.of(there.part(0), there.part(1))))
                .as("some of them")
                .isNull();
        assertThat(DeviceWeight.stacked(there).rows()).isEqualTo(88);
        Weight packed = backend.freeze(PackedForm.NF4.pack(StoredWeight.of(stored().part(0)), arena));
        assertThat(DeviceWeight.stacked(Siblings.of(packed, there.part(1))))
                .as("packed")
                .isNull();
    }
}
