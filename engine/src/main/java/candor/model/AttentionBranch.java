package candor.model;

import candor.ops.Ops;
import candor.ops.Write;
import candor.ops.op.Rope;
import candor.tensor.Tensor;
import java.util.List;

/** Attention: norm, queries, keys and values, rotated, and what the heads find, put together. */
final class AttentionBranch implements Branch {
    private final Ops ops;
    private final LinearLayers linears;
    private final Norms norms;
    private final BranchEnd end;
    private final Tensor queryScale;

    /** @param queryScale (1, H·D), what queries are multiplied by; null for one */
    AttentionBranch(Ops ops, LinearLayers linears, Norms norms, Tensor queryScale) {
        this.ops = ops;
        this.linears = linears;
        this.norms = norms;
        this.queryScale = queryScale;
        end = new BranchEnd(ops, linears, norms);
    }

    @Override
    public void forward(Layer layer, Tensor out, Tensor x) {
        LayerWeights w = layer.weights();
        Saved s = layer.saved();
        norms.forward(s.normed1, s.rstd1, x, w.inputNorm()); // (N,C)
        boolean between = s.raw != null || queryScale != null;
        Rope rope = new Rope(s.queryKey, layer.rope(), layer.batch()); // (N,(H+K)D)
        linears.forward(
                layer,
                LinearGroup.QUERY_KEY_VALUE,
                List.of(s.rawQuery, s.rawKey, s.value), // (N,HD), (N,KD), (N,KD)
                s.normed1,
                between ? null : rope,
                true);
        if (s.raw != null) {
            norms.forward(s.query, s.rstdQuery, s.rawQuery, w.queryNorm()); // (N,HD), each head
            norms.forward(s.key, s.rstdKey, s.rawKey, w.keyNorm()); // (N,KD), each head
        }
        scale(s.query);
        if (between) {
            ops.run(rope);
        }
        if (layer.cache() == null) {
            ops.attention(s.attended, s.lse, s.qkv, layer.heads(), layer.batch()); // (N,HD)
        } else {
            cacheWrite(layer);
            attentionCached(layer);
        }
        end.forward(layer, Projection.OUTPUT, out, s.attended, x); // (N,C)
    }

    /** Queries (N,HD), or their gradients, times what the family has beside 1/√D. */
    private void scale(Tensor query) {
        if (queryScale != null) {
            ops.affine(query, queryScale, null, null);
        }
    }

    private void cacheWrite(Layer layer) {
        KeyValues cache = layer.cache();
        ops.cacheWrite(cache.layers().get(layer.number()), layer.saved().qkv, layer.batch(), cache.tables());
    }

    private void attentionCached(Layer layer) {
        Saved s = layer.saved();
        KeyValues cache = layer.cache();
        ops.attentionCached(
                s.attended, s.qkv, cache.layers().get(layer.number()), layer.batch(), cache.tables()); // (N,HD)
    }

    /** Keys and values of all tokens x (N, C), which later ones will need, and nothing else. */
    void remember(Layer layer, Tensor x) {
        LayerWeights w = layer.weights();
        Saved s = layer.saved();
        norms.forward(s.normed1, s.rstd1, x, w.inputNorm()); // (N,C)
        linears.forward(layer, Projection.KEY, s.rawKey, s.normed1, null); // (N,KD)
        linears.forward(layer, Projection.VALUE, s.value, s.normed1, null); // (N,KD)
        if (s.raw != null) {
            norms.forward(s.key, s.rstdKey, s.rawKey, w.keyNorm()); // (N,KD)
        }
        ops.rope(s.key, layer.rope(), layer.batch()); // (N,KD)
        cacheWrite(layer);
    }

    /**
     * {@link #forward} for rows whose keys and values are in the cache, and whose norm is there.
     *
     * @param out (T, C)
     * @param x   (T, C)
     */
    void forwardRemembered(Layer layer, Tensor out, Tensor x) {
        Saved s = layer.saved();
        linears.forward(layer, Projection.QUERY, s.rawQuery, s.normed1, null); // (T,HD)
        if (s.raw != null) {
            norms.forward(s.query, s.rstdQuery, s.rawQuery, layer.weights().queryNorm()); // (T,HD)
        }
        scale(s.query);
        ops.rope(s.query, layer.rope(), layer.batch()); // (T,HD)
        attentionCached(layer);
        end.forward(layer, Projection.OUTPUT, out, s.attended, x); // (T,C)
    }

    @Override
    public void again(Layer layer, Tensor x) {
        Saved s = layer.saved();
        norms.forward(s.normed1, s.rstd1, x, layer.weights().inputNorm()); // (N,C)
    }

    @Override
    public void backward(Layer layer, Tensor x, Gradients g) {
        LayerWeights w = layer.weights();
        LayerWeights dw = layer.gradients();
        Saved s = layer.saved();
        end.backward(layer, Projection.OUTPUT, g.attended, s.attended, g); // (N,HD)
        ops.attentionBackward(g.qkv, g.attended, s.qkv, s.attended, s.lse, layer.heads(), layer.batch()); // (N,A)
        ops.ropeBackward(g.queryKey, layer.rope(), layer.batch()); // (N,(H+K)D)
        scale(g.query);
        if (s.raw != null) {
            norms.backward(
                    g.query, dw.queryNorm(), g.query, s.rawQuery, w.queryNorm(), s.rstdQuery, Write.SET); // (N,HD)
            norms.backward(g.key, dw.keyNorm(), g.key, s.rawKey, w.keyNorm(), s.rstdKey, Write.SET); // (N,KD)
        }
        linears.weightGradient(layer, Projection.VALUE, g.value, s.normed1);
        linears.weightGradient(layer, Projection.KEY, g.key, s.normed1);
        linears.weightGradient(layer, Projection.QUERY, g.query, s.normed1);
        Tensor dx = layer.wantsInputGradient() ? g.normed : null;
        linears.backward(
                layer,
                LinearGroup.QUERY_KEY_VALUE,
                dx, // (N,C)
                List.of(g.query, g.key, g.value),
                s.normed1,
                g,
                Write.SET);
        if (dx != null) {
            norms.backward(g.residual, dw.inputNorm(), g.normed, x, w.inputNorm(), s.rstd1, Write.ADD); // (N,C)
        }
    }
}
