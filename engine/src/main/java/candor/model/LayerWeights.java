package candor.model;

import candor.tensor.Tensor;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/**
 * The weights of one layer, by {@link LayerTensor}, which gives their shapes. Matrices (O, I) are in their file's type, vectors
 * (1, n) in float32. What a family lacks is null.
 */
public final class LayerWeights {
    /** No weight at all: the gradients of frozen ones. */
    static final LayerWeights NONE = new LayerWeights(new EnumMap<>(LayerTensor.class));

    private final Map<LayerTensor, Tensor> tensors;

    private LayerWeights(Map<LayerTensor, Tensor> tensors) {
        this.tensors = tensors;
    }

    /** The tensors that such a model's layers have, each from a source. */
    static LayerWeights of(ModelConfig config, Function<LayerTensor, Tensor> source) {
        Map<LayerTensor, Tensor> tensors = new EnumMap<>(LayerTensor.class);
        for (LayerTensor each : LayerTensor.values()) {
            if (each.presentIn(config)) {
                tensors.put(each, source.apply(each));
            }
        }
        return new LayerWeights(tensors);
    }

    /** Any of them, or null. */
    Tensor get(LayerTensor tensor) {
        return tensors.get(tensor);
    }

    /** (O, I), the weight of a linear layer. */
    public Tensor weight(Projection projection) {
        return get(LayerTensor.weight(projection));
    }

    /** (1, O), the bias of a linear layer; null where it has none. */
    public Tensor bias(Projection projection) {
        LayerTensor bias = LayerTensor.bias(projection);
        return bias == null ? null : get(bias);
    }

    /** (1, C), before attention. */
    Tensor inputNorm() {
        return get(LayerTensor.INPUT_NORM);
    }

    /** (1, D), of each query head, or null. */
    Tensor queryNorm() {
        return get(LayerTensor.QUERY_NORM);
    }

    /** (1, D), of each key head, or null. */
    Tensor keyNorm() {
        return get(LayerTensor.KEY_NORM);
    }

    /** (1, C), before the feed-forward block. */
    Tensor mlpNorm() {
        return get(LayerTensor.MLP_NORM);
    }

    /** (1, C), behind the last linear layer of a branch, or null. */
    Tensor branchNorm(Projection last) {
        return get(LayerTensor.branchNorm(last));
    }

    /** Bytes of all of them. */
    long bytes() {
        return tensors.values().stream().mapToLong(Tensor::bytes).sum();
    }

    /** The same layer with each tensor replaced. */
    LayerWeights map(UnaryOperator<Tensor> matrices, UnaryOperator<Tensor> vectors) {
        Map<LayerTensor, Tensor> mapped = new EnumMap<>(LayerTensor.class);
        tensors.forEach((each, tensor) -> mapped.put(each, (each.matrix() ? matrices : vectors).apply(tensor)));
        return new LayerWeights(mapped);
    }
}
