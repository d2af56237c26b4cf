package candor.model;

import candor.model.Architecture.Trait;
import candor.ops.Heads;
import candor.tensor.DType;
import candor.tensor.Tensor;
import candor.tensor.Workspace;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;

/** What the backward pass writes on its way down; one set for all layers. */
final class Gradients {
    /** (N, C), of the residual stream. */
    final Tensor residual;

    /** (N, C), of what a branch makes before it is normed; null where the family norms none. */
    final Tensor branch;

    /** (N, C), of a norm's output. */
    final Tensor normed;

    /** (N, F), of the gated activation. */
    final Tensor gated;

    /** (N, A), of queries, keys and values. */
    final Tensor qkv;

    /** (N, H·D), of attention's output. */
    final Tensor attended;

    // Views, made once, since a step allocates nothing.
    final Tensor query;
    final Tensor key;
    final Tensor value;
    final Tensor queryKey;
    private final Map<Projection, Tensor> loraDown = new EnumMap<>(Projection.class);

    Gradients(Workspace workspace, DType type, ModelConfig config, Adapters bank, int n) {
        Heads heads = config.heads();
        residual = workspace.take(type, n, config.hiddenSize());
        branch = config.architecture().has(Trait.BRANCH_NORMS) ? workspace.take(type, n, config.hiddenSize()) : null;
        normed = workspace.take(type, n, config.hiddenSize());
        gated = workspace.take(type, n, config.intermediateSize());
        qkv = workspace.take(type, n, heads.allCols());
        attended = workspace.take(type, n, heads.queryCols());
        int rotated = heads.queryCols() + heads.keyCols();
        query = qkv.columns(0, heads.queryCols());
        key = qkv.columns(heads.queryCols(), rotated);
        value = qkv.columns(rotated, heads.allCols());
        queryKey = qkv.columns(0, rotated);
        int columns = bank == null
                ? 0
                : Arrays.stream(LinearGroup.values())
                        .mapToInt(group -> group.paddedRank(bank))
                        .max()
                        .orElse(0);
        if (columns > 0) {
            Tensor all = workspace.take(type, n, columns);
            for (LinearGroup group : LinearGroup.values()) {
                group.cut(all, bank, loraDown);
            }
        }
    }

    /** (N, padded rank), scratch of one linear layer: other columns than those of layers with the same input; null without adapters. */
    Tensor loraDown(Projection projection) {
        return loraDown.get(projection);
    }
}
