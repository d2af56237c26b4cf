package candor.model;

import candor.ops.Backend;
import candor.ops.weight.PackedForm;
import candor.ops.weight.StoredWeight;
import candor.ops.weight.Weight;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

/**
 * The weights of a model. Of a checkpoint, matrices stay mapped in their file's form, and their memory is the operating
 * system's page cache; the small vectors (norms and biases) are float32 copies. All are gone when the weights are closed.
 * Those of {@link TrainedWeights} are views of its one row.
 */
public final class Weights implements AutoCloseable {
    private final ModelConfig config;
    private final Weight embedding;
    private final Weight head;
    private final Tensor finalNorm;
    private final List<LayerWeights> layers;
    private final Arena arena;

    /** @param arena closed with the weights; null where the memory is somebody else's */
    Weights(
            ModelConfig config,
            Weight embedding,
            Weight head,
            Tensor finalNorm,
            List<LayerWeights> layers,
            Arena arena) {
        this.config = config;
        this.embedding = embedding;
        this.head = head;
        this.finalNorm = finalNorm;
        this.layers = List.copyOf(layers);
        this.arena = arena;
    }

    /**
     * Loads a checkpoint in Hugging Face's layout.
     *
     * @throws candor.BadInput where it is not one, is not supported, or does not hold exactly the tensors that its
     *     {@code config.json} asks for
     */
    public static Weights load(Path folder) {
        return load(folder, null);
    }

    /**
     * The same, with the weights of linear layers packed as they are loaded, one after another.
     *
     * @param form null for whatever they are in
     * @throws candor.BadInput where they are packed already, in another form
     */
    public static Weights load(Path folder, PackedForm form) {
        return WeightsLoader.load(ModelFolder.at(folder), form);
    }

    /**
     * Random weights, for tests, benchmarks and plans: symmetric around zero with standard deviation 0.02 (a sum of
     * four uniform numbers), biases too; norm weights are one. The same seed gives the same bytes.
     *
     * @param dtype the type of the matrices, but for those that the model has packed
     */
    public static Weights random(ModelConfig config, long seed, DType dtype) {
        return RandomWeights.make(config, seed, dtype);
    }

    /**
     * The same weights with something added to the residual stream behind a layer, at every token. They share these ones' memory:
     * whoever closes one has closed both.
     *
     * @param values C of them
     */
    public Weights plus(int layer, float[] values) {
        if (values.length != config.hiddenSize()) {
            throw new IllegalArgumentException(values.length + " values for a stream of " + config.hiddenSize());
        }
        Tensor shift = Tensor.allocate(arena, DType.F32, 1, values.length);
        for (int c = 0; c < values.length; c++) {
            shift.set(0, c, values[c]);
        }
        List<LayerWeights> shifted = new ArrayList<>(layers);
        shifted.set(layer, layers.get(layer).plus(shift));
        return new Weights(config, embedding, head, finalNorm, shifted, arena);
    }

    /**
     * The same weights where a backend reads them best, but for the matrices of layers that do not stay there, which are as they
     * were. They live as long as both these weights and the backend do.
     */
    Weights on(Backend backend, Residency residency) {
        UnaryOperator<Tensor> vectors = backend::constant;
        Weight table = backend.freeze(StoredWeight.of(embedding));
        return new Weights(
                config,
                table,
                head == embedding ? table : backend.freeze(StoredWeight.of(head)),
                vectors.apply(finalNorm),
                IntStream.range(0, layers.size())
                        .mapToObj(number -> layers.get(number)
                                .map(
                                        residency.stays(number) ? backend::freeze : UnaryOperator.identity(),
                                        vectors,
                                        backend::constants))
                        .toList(),
                arena);
    }

    public ModelConfig config() {
        return config;
    }

    /** (V, C). */
    public Weight embedding() {
        return embedding;
    }

    /** (V, C); the embedding itself where the two are tied. */
    public Weight head() {
        return head;
    }

    /** (1, C) float32. */
    public Tensor finalNorm() {
        return finalNorm;
    }

    public List<LayerWeights> layers() {
        return layers;
    }

    /** How many weights there are; a tied head counts once. */
    public long parameterCount() {
        return config.parameterCount();
    }

    /** Bytes that they take, mapped or not. */
    public long bytes() {
        long bytes = embedding.bytes() + (head == embedding ? 0 : head.bytes()) + finalNorm.bytes();
        for (LayerWeights layer : layers) {
            bytes += layer.bytes();
        }
        return bytes;
    }

    @Override
    public void close() {
        if (arena != null) {
            arena.close();
        }
    }
}
