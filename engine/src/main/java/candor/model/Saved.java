package candor.model;

import candor.model.Architecture.Trait;
import candor.ops.Heads;
import candor.tensor.DType;
import candor.tensor.Tensor;
import candor.tensor.Workspace;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * What one layer computes on its way forward and wants again on its way back. Which of these tensors a layer owns, and which
 * it shares with the other layers and computes again, is {@link Recompute}'s choice; the decoder does not see the difference.
 *
 * <p>A = (H + 2K)·D is the width of queries, keys and values together.
 */
final class Saved {
    /** What is small to compute again. */
    record Light(Tensor normed1, Tensor normed2, Tensor gated) {
        static Light take(Workspace workspace, DType type, ModelConfig config, int n) {
            return new Light(
                    workspace.take(type, n, config.hiddenSize()),
                    workspace.take(type, n, config.hiddenSize()),
                    workspace.take(type, n, config.intermediateSize()));
        }
    }

    /** (N, C), the norm before attention. */
    final Tensor normed1;

    /** (N, 1). */
    final Tensor rstd1;

    /** (N, (H + K)·D), queries and keys before their norms; null where the family has none. */
    final Tensor raw;

    /** (N, H) and (N, K), of the norms of queries and keys; null where the family has none. */
    final Tensor rstdQuery;

    final Tensor rstdKey;

    /** (N, A), rotated. */
    final Tensor qkv;

    /** (N, H·D). */
    final Tensor attended;

    /** (N, H). */
    final Tensor lse;

    /** (N, C), the residual stream between attention and the feed-forward block. */
    final Tensor middle;

    /** (N, C), the norm before the feed-forward block. */
    final Tensor normed2;

    /** (N, 1). */
    final Tensor rstd2;

    /** (N, 2F), [gate | up]. */
    final Tensor gateUp;

    /** (N, F). */
    final Tensor gated;

    /**
     * What a branch has made before it is normed.
     *
     * @param raw  (N, C)
     * @param rstd (N, 1)
     */
    record Branch(Tensor raw, Tensor rstd) {}

    /** By the last linear layer of each branch; empty where the family norms none. */
    private final Map<Projection, Branch> branches = new EnumMap<>(Projection.class);

    /** (N, padded rank) for each projection that has adapters: s · x aᵀ. Those with the same input are columns of one matrix. */
    private final Map<Projection, Tensor> loraDown = new EnumMap<>(Projection.class);

    // Views, made once, since a step allocates nothing.
    final Tensor query;
    final Tensor key;
    final Tensor value;
    final Tensor queryKey;
    final Tensor gate;
    final Tensor up;
    final Tensor rawQuery;
    final Tensor rawKey;

    /** Scratch of one linear layer, which all layers share. */
    final DroppedInput dropped;

    /** @param light tensors that other layers use too, or null for this layer's own */
    Saved(
            Workspace workspace,
            DType type,
            ModelConfig config,
            Adapters bank,
            int n,
            Light light,
            DroppedInput dropped) {
        this.dropped = dropped;
        Heads heads = config.heads();
        Light parts = light == null ? Light.take(workspace, type, config, n) : light;
        normed1 = parts.normed1();
        normed2 = parts.normed2();
        gated = parts.gated();
        rstd1 = workspace.take(n, 1);
        rstd2 = workspace.take(n, 1);
        boolean norms = config.architecture().has(Trait.HEAD_NORM);
        int rotated = heads.queryCols() + heads.keyCols();
        raw = norms ? workspace.take(type, n, rotated) : null;
        rstdQuery = norms ? workspace.take(n, heads.query()) : null;
        rstdKey = norms ? workspace.take(n, heads.key()) : null;
        qkv = workspace.take(type, n, heads.allCols());
        attended = workspace.take(type, n, heads.queryCols());
        lse = workspace.take(n, heads.query());
        middle = workspace.take(type, n, config.hiddenSize());
        gateUp = workspace.take(type, n, 2 * config.intermediateSize());
        if (config.architecture().has(Trait.BRANCH_NORMS)) {
            for (Projection last : List.of(Projection.OUTPUT, Projection.DOWN)) {
                branches.put(last, new Branch(workspace.take(type, n, config.hiddenSize()), workspace.take(n, 1)));
            }
        }
        for (LinearGroup group : LinearGroup.values()) {
            int columns = bank == null ? 0 : group.paddedRank(bank);
            if (columns > 0) {
                group.cut(workspace.take(type, n, columns), bank, loraDown);
            }
        }
        query = qkv.columns(0, heads.queryCols());
        key = qkv.columns(heads.queryCols(), rotated);
        value = qkv.columns(rotated, heads.allCols());
        queryKey = qkv.columns(0, rotated);
        gate = gateUp.columns(0, config.intermediateSize());
        up = gateUp.columns(config.intermediateSize(), 2 * config.intermediateSize());
        rawQuery = norms ? raw.columns(0, heads.queryCols()) : query;
        rawKey = norms ? raw.columns(heads.queryCols(), rotated) : key;
    }

    /** Of the branch that ends in this layer; null where it is not normed. */
    Branch branch(Projection last) {
        return branches.get(last);
    }

    /** (N, padded rank), or null where no adapter touches the projection. */
    Tensor loraDown(Projection projection) {
        return loraDown.get(projection);
    }
}
