package candor.model;

import candor.BadInput;
import candor.model.Architecture.Stored;
import candor.model.SafetensorsWriter.Spec;
import candor.ops.Backend;
import candor.ops.Philox;
import candor.ops.weight.StoredWeight;
import candor.ops.weight.TrainedWeight;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * All weights of a model to train: one row of float32 parameters, and one of gradients beside it, on a backend that owns
 * their memory. {@link #values} are the same weights as matrices and vectors.
 *
 * <p>Matrices of linear layers come first in the row, an untied head among them: these are what weight decay is for. Behind
 * {@link #decayed} elements follow the embedding, the norms and the biases. Each begins at a multiple of {@link
 * Tensor#ALIGNMENT} bytes; the elements between are zero and stay so, for no gradient reaches them.
 */
public final class TrainedWeights {
    private static final int STEP = (int) (Tensor.ALIGNMENT / DType.F32.bytes());

    /** A file of weights holds no more, as in checkpoints of Hugging Face. */
    private static final long SHARD_BYTES = 5_000_000_000L;

    private final Backend backend;
    private final ModelConfig config;
    private final Map<String, Stored> tensors = new LinkedHashMap<>();
    private final Map<String, Long> starts = new HashMap<>();
    private final int decayed;
    private final Tensor parameterRow;
    private final Tensor gradientRow;
    private final Weights values;
    private final Weights gradients;

    private TrainedWeights(Backend backend, ModelConfig config) {
        this.backend = backend;
        this.config = config;
        Architecture.tensors(config).forEach(stored -> tensors.put(stored.name(), stored));
        decayed = place(true, 0);
        int length = place(false, decayed);
        parameterRow = backend.allocate(DType.F32, 1, length);
        gradientRow = backend.allocate(DType.F32, 1, length);
        values = assemble(parameterRow);
        gradients = assemble(gradientRow);
    }

    /** Matrices that know their gradients, and vectors that are views of a row. */
    private Weights assemble(Tensor row) {
        return WeightsLoader.assemble(
                config,
                null,
                stored -> new TrainedWeight(view(parameterRow, stored), view(gradientRow, stored)),
                stored -> view(row, stored));
    }

    /**
     * Random weights to start from, as Hugging Face's Llama starts: matrices and the embedding from a normal distribution
     * around zero, norms one, biases zero. Each number depends on the seed, its tensor and its place there alone; the
     * distribution is Hugging Face's, the bits are not, for PyTorch's generator is another one.
     *
     * @param deviation standard deviation, {@code initializer_range} in config.json
     */
    public static TrainedWeights random(Backend backend, ModelConfig config, long seed, double deviation) {
        TrainedWeights weights = new TrainedWeights(backend, config);
        int ordinal = 0;
        for (Stored stored : weights.tensors.values()) {
            float[] numbers = new float[Math.toIntExact(stored.elements())];
            if (!stored.vector()) {
                normal(numbers, seed, ordinal, deviation);
            } else if (stored.norm()) {
                Arrays.fill(numbers, 1);
            }
            backend.upload(weights.value(stored.name()), numbers);
            ordinal++;
        }
        return weights;
    }

    /** The weights of a checkpoint, to go on from, in float32 whatever they were stored in. */
    public static TrainedWeights load(Backend backend, Path folder) {
        ModelFolder model = ModelFolder.at(folder);
        TrainedWeights weights = new TrainedWeights(backend, model.config());
        try (Arena arena = Arena.ofShared()) {
            StoredTensors files = StoredTensors.open(model, null, arena);
            for (Spec spec : files.specs()) {
                StoredWeight stored = files.weight(spec.name(), arena);
                float[] numbers = new float[stored.rows() * stored.cols()];
                for (int row = 0; row < stored.rows(); row++) {
                    stored.widen(numbers, row * stored.cols(), row, 0, stored.cols());
                }
                weights.shift(numbers, spec.name(), 1);
                backend.upload(weights.value(spec.name()), numbers);
            }
        }
        return weights;
    }

    /**
     * Elements of a row for such a model, the unused ones included: four bytes each, for parameters, for gradients, and for
     * each moment of an optimiser.
     */
    public static long length(ModelConfig config) {
        return Architecture.tensors(config).stream()
                .mapToLong(stored -> aligned(stored.elements()))
                .sum();
    }

    /** Elements at the head of such a row that weight decay is for. */
    public static long decayed(ModelConfig config) {
        return Architecture.tensors(config).stream()
                .filter(stored -> decays(config, stored))
                .mapToLong(stored -> aligned(stored.elements()))
                .sum();
    }

    /** Gives each tensor of one of the two groups its place, and the place behind them. */
    private int place(boolean matrices, long from) {
        long at = from;
        for (Stored stored : tensors.values()) {
            if (decays(config, stored) == matrices) {
                starts.put(stored.name(), at);
                at += aligned(stored.elements());
            }
        }
        if (at > Integer.MAX_VALUE) {
            throw new BadInput(
                    "the model has " + config.parameterCount() + " weights, and all of them are trained at most "
                            + Integer.MAX_VALUE + "; train an adapter, or take a smaller model");
        }
        return (int) at;
    }

    private static boolean decays(ModelConfig config, Stored stored) {
        return !stored.vector() && !stored.equals(Architecture.embedding(config));
    }

    private static long aligned(long elements) {
        return Math.ceilDiv(elements, (long) STEP) * STEP;
    }

    /** A device's segment has no length to slice: there, a view is an address. */
    private Tensor view(Tensor row, Stored stored) {
        long offset = starts.get(stored.name()) * DType.F32.bytes();
        MemorySegment data = row.data().byteSize() == 0
                ? MemorySegment.ofAddress(row.data().address() + offset)
                : row.data().asSlice(offset, stored.elements() * DType.F32.bytes());
        return Tensor.of(data, DType.F32, stored.rows(), stored.cols());
    }

    /** Normal numbers (Box and Muller 1958), four from each counter; in strict arithmetic, so the same on every machine. */
    private static void normal(float[] numbers, long seed, int ordinal, double deviation) {
        int[] words = new int[4];
        for (int i = 0; i < numbers.length; i += 4) {
            Philox.words(words, seed, i / 4, ordinal, 0, 1);
            for (int pair = 0; pair < 4; pair += 2) {
                double radius = deviation * Math.sqrt(-2 * StrictMath.log(unit(words[pair])));
                double angle = 2 * Math.PI * unit(words[pair + 1]);
                put(numbers, i + pair, radius * StrictMath.cos(angle));
                put(numbers, i + pair + 1, radius * StrictMath.sin(angle));
            }
        }
    }

    private static void put(float[] numbers, int i, double value) {
        if (i < numbers.length) {
            numbers[i] = (float) value;
        }
    }

    /** In (0, 1]. */
    private static double unit(int word) {
        return (Integer.toUnsignedLong(word) + 1) * 0x1p-32;
    }

    public ModelConfig config() {
        return config;
    }

    /** (1, {@link #length}) float32. */
    public Tensor parameterRow() {
        return parameterRow;
    }

    /** (1, {@link #length}) float32. */
    public Tensor gradientRow() {
        return gradientRow;
    }

    /** Elements at the head of the row that weight decay is for. */
    public int decayed() {
        return decayed;
    }

    /** The parameters as the decoder reads them; they change as the row does. */
    public Weights values() {
        return values;
    }

    /** The numbers of a weight as a file stores them. */
    float[] stored(String name) {
        float[] numbers = new float[Math.toIntExact(tensors.get(name).elements())];
        backend.download(numbers, value(name));
        shift(numbers, name, -1);
        return numbers;
    }

    /** From what a file stores to what is trained, or back: a norm may be stored as what is added to one. */
    private void shift(float[] numbers, String name, int sign) {
        float offset = sign * config.architecture().offset(tensors.get(name));
        for (int i = 0; offset != 0 && i < numbers.length; i++) {
            numbers[i] += offset;
        }
    }

    /** A weight by its name in a checkpoint. */
    Tensor value(String name) {
        return view(parameterRow, tensors.get(name));
    }

    /** Its gradient. */
    Tensor gradient(String name) {
        return view(gradientRow, tensors.get(name));
    }

    /** The same matrices, which know their gradients, and the gradients of the vectors. */
    Weights gradients() {
        return gradients;
    }

    /**
     * Writes the weights of a checkpoint in Hugging Face's layout, but for its config.json.
     *
     * @param folder an existing folder
     * @param dtype  the type to store all of them in
     */
    public void write(Path folder, DType dtype) {
        List<Spec> specs = new ArrayList<>();
        for (Stored stored : tensors.values()) {
            specs.add(new Spec(stored.name(), dtype, stored.rows(), stored.cols(), stored.vector()));
        }
        CheckpointWriter.write(folder, specs, SHARD_BYTES, (spec, arena) -> {
            float[] numbers = stored(spec.name());
            Tensor tensor = Tensor.allocate(arena, dtype, spec.rows(), spec.cols());
            for (int i = 0; i < numbers.length; i++) {
                tensor.set(i / spec.cols(), i % spec.cols(), numbers[i]);
            }
            return tensor;
        });
    }
}
