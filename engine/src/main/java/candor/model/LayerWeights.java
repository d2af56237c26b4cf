package candor.model;

import candor.ops.weight.Siblings;
import candor.ops.weight.Weight;
import candor.tensor.Tensor;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/**
 * The weights of one layer, by {@link LayerTensor}, which gives their shapes: matrices (O, I), those of a {@link LinearGroup}
 * as one weight, and vectors (1, n) in float32. What a family lacks is null.
 */
public final class LayerWeights {
    /** No weight at all: the gradients of frozen vectors. */
    static final LayerWeights NONE = new LayerWeights(Map.of(), Map.of(), null);

    private final Map<LinearGroup, Siblings> matrices;
    private final Map<LayerTensor, Tensor> vectors;

    /** (1, C), what is added to the stream behind the layer and is no weight of its checkpoint, or null. */
    private final Tensor shift;

    private LayerWeights(Map<LinearGroup, Siblings> matrices, Map<LayerTensor, Tensor> vectors, Tensor shift) {
        this.matrices = matrices;
        this.vectors = vectors;
        this.shift = shift;
    }

    /** What such a model's layers have, each from a source, in the order of {@link LayerTensor}. */
    static LayerWeights of(
            ModelConfig config, Function<LayerTensor, Weight> matrices, Function<LayerTensor, Tensor> vectors) {
        LayerWeights layer = new LayerWeights(new EnumMap<>(LinearGroup.class), new EnumMap<>(LayerTensor.class), null);
        Map<LayerTensor, Weight> parts = new EnumMap<>(LayerTensor.class);
        for (LayerTensor each : LayerTensor.values()) {
            if (!each.presentIn(config)) {
                continue;
            }
            if (each.matrix()) {
                parts.put(each, matrices.apply(each));
            } else {
                layer.vectors.put(each, vectors.apply(each));
            }
        }
        for (LinearGroup group : LinearGroup.values()) {
            layer.matrices.put(
                    group,
                    new Siblings(group.projections().stream()
                            .map(LayerTensor::weight)
                            .map(parts::get)
                            .toList()));
        }
        return layer;
    }

    /** Any of the vectors, or null. */
    Tensor vector(LayerTensor tensor) {
        return vectors.get(tensor);
    }

    /** (O, I), the weight of a linear layer. */
    public Weight weight(Projection projection) {
        LinearGroup group = LinearGroup.of(projection);
        return weights(group).part(group.projections().indexOf(projection));
    }

    /** (ΣO, I), the weights of linear layers with the same input. */
    Siblings weights(LinearGroup group) {
        return matrices.get(group);
    }

    /** (1, O), the bias of a linear layer; null where it has none. That of the last one is what is added behind the layer. */
    public Tensor bias(Projection projection) {
        if (projection == Projection.DOWN && branchNorm(projection) == null) {
            return shift;
        }
        LayerTensor bias = LayerTensor.bias(projection);
        return bias == null ? null : vector(bias);
    }

    /** (1, C), what is added behind the norm of a branch; null where nothing is, or where the branch has none. */
    Tensor behindNorm(Projection last) {
        return last == Projection.DOWN && branchNorm(last) != null ? shift : null;
    }

    /** The same layer with something added to the stream behind it. */
    LayerWeights plus(Tensor added) {
        return new LayerWeights(matrices, vectors, added);
    }

    /** (1, C), before attention. */
    Tensor inputNorm() {
        return vector(LayerTensor.INPUT_NORM);
    }

    /** (1, D), of each query head, or null. */
    Tensor queryNorm() {
        return vector(LayerTensor.QUERY_NORM);
    }

    /** (1, D), of each key head, or null. */
    Tensor keyNorm() {
        return vector(LayerTensor.KEY_NORM);
    }

    /** (1, C), before the feed-forward block. */
    Tensor mlpNorm() {
        return vector(LayerTensor.MLP_NORM);
    }

    /** (1, C), behind the last linear layer of a branch, or null. */
    Tensor branchNorm(Projection last) {
        return vector(LayerTensor.branchNorm(last));
    }

    /** Bytes of all of them. */
    long bytes() {
        return matrices.values().stream().mapToLong(Siblings::bytes).sum()
                + vectors.values().stream().mapToLong(Tensor::bytes).sum()
                + (shift == null ? 0 : shift.bytes());
    }

    /** The same layer with the matrices of each group and each vector replaced. */
    LayerWeights map(UnaryOperator<Siblings> matrix, UnaryOperator<Tensor> vector) {
        LayerWeights mapped = new LayerWeights(
                new EnumMap<>(matrices), new EnumMap<>(vectors), shift == null ? null : vector.apply(shift));
        mapped.matrices.replaceAll((group, weights) -> matrix.apply(weights));
        mapped.vectors.replaceAll((each, tensor) -> vector.apply(tensor));
        return mapped;
    }

    /** The same, with the biases of layers of the same input replaced together, where all of them have one. */
    LayerWeights map(UnaryOperator<Siblings> matrix, UnaryOperator<Tensor> vector, UnaryOperator<List<Tensor>> biases) {
        Map<LayerTensor, Tensor> replaced = new EnumMap<>(LayerTensor.class);
        for (LinearGroup group : LinearGroup.values()) {
            List<LayerTensor> names =
                    group.projections().stream().map(LayerTensor::bias).toList();
            if (names.size() > 1 && names.stream().allMatch(name -> name != null && vectors.containsKey(name))) {
                List<Tensor> together =
                        biases.apply(names.stream().map(vectors::get).toList());
                for (int i = 0; i < names.size(); i++) {
                    replaced.put(names.get(i), together.get(i));
                }
            }
        }
        LayerWeights others = new LayerWeights(matrices, new EnumMap<>(vectors), shift);
        others.vectors.keySet().removeAll(replaced.keySet());
        LayerWeights mapped = others.map(matrix, vector);
        mapped.vectors.putAll(replaced);
        return mapped;
    }
}
