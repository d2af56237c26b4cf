package candor.model;

import candor.tensor.Tensor;
import java.util.Objects;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * The weights of one layer. Matrices (O, I) are in their file's type, vectors (1, n) in float32.
 *
 * @param inputNorm (1, C), before attention
 * @param query     (H·D, C)
 * @param key       (K·D, C)
 * @param value     (K·D, C)
 * @param output    (C, H·D)
 * @param queryBias (1, H·D), or null
 * @param keyBias   (1, K·D), or null
 * @param valueBias (1, K·D), or null
 * @param queryNorm (1, D), or null
 * @param keyNorm   (1, D), or null
 * @param postNorm  (1, C), after attention, before the feed-forward block
 * @param gate      (F, C)
 * @param up        (F, C)
 * @param down      (C, F)
 */
public record LayerWeights(
        Tensor inputNorm,
        Tensor query,
        Tensor key,
        Tensor value,
        Tensor output,
        Tensor queryBias,
        Tensor keyBias,
        Tensor valueBias,
        Tensor queryNorm,
        Tensor keyNorm,
        Tensor postNorm,
        Tensor gate,
        Tensor up,
        Tensor down) {

    /** No weight at all: the gradients of frozen ones. */
    static final LayerWeights NONE =
            new LayerWeights(null, null, null, null, null, null, null, null, null, null, null, null, null, null);

    /** (O, I), the weight of a linear layer. */
    public Tensor weight(Projection projection) {
        return switch (projection) {
            case QUERY -> query;
            case KEY -> key;
            case VALUE -> value;
            case OUTPUT -> output;
            case GATE -> gate;
            case UP -> up;
            case DOWN -> down;
        };
    }

    /** (1, O), the bias of a linear layer; null where it has none. */
    public Tensor bias(Projection projection) {
        return switch (projection) {
            case QUERY -> queryBias;
            case KEY -> keyBias;
            case VALUE -> valueBias;
            case OUTPUT, GATE, UP, DOWN -> null;
        };
    }

    /** Bytes of all of them. */
    long bytes() {
        return Stream.of(
                        inputNorm, query, key, value, output, queryBias, keyBias, valueBias, queryNorm, keyNorm,
                        postNorm, gate, up, down)
                .filter(Objects::nonNull)
                .mapToLong(Tensor::bytes)
                .sum();
    }

    /** The same layer with each tensor replaced; those that are null go through the functions too. */
    LayerWeights map(UnaryOperator<Tensor> matrices, UnaryOperator<Tensor> vectors) {
        return new LayerWeights(
                vectors.apply(inputNorm),
                matrices.apply(query),
                matrices.apply(key),
                matrices.apply(value),
                matrices.apply(output),
                vectors.apply(queryBias),
                vectors.apply(keyBias),
                vectors.apply(valueBias),
                vectors.apply(queryNorm),
                vectors.apply(keyNorm),
                vectors.apply(postNorm),
                matrices.apply(gate),
                matrices.apply(up),
                matrices.apply(down));
    }
}
