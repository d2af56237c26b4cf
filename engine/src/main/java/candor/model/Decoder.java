package candor.model;

import candor.ops.Batch;
import candor.ops.Heads;
import candor.ops.Linear;
import candor.ops.Lora;
import candor.ops.Ops;
import candor.ops.PageTables;
import candor.ops.Write;
import candor.tensor.Tensor;
import java.util.List;

/**
 * The layers, forward and backward, written to be read side by side: {@link #backward} is {@link #forward} from the last
 * line to the first. Frozen weights get no gradient; gradients of adapters, of trained weights and of the residual
 * stream are added ({@code +=}), all others are set ({@code =}).
 *
 * <p>One decoder serves all families: biases and head norms are there or null.
 */
final class Decoder {
    private final Ops ops;
    private final ModelConfig config;
    private final Weights weights;
    private final Weights trained;
    private final Tensor rope;
    private final Recompute recompute;
    private final SlotParts parts = new SlotParts();

    /**
     * @param trained the gradients of the weights, or null where they are frozen
     * @param rope    (P, D), see {@link RopeTable}
     */
    Decoder(Ops ops, Weights weights, Weights trained, Tensor rope, Recompute recompute) {
        this.ops = ops;
        this.config = weights.config();
        this.weights = weights;
        this.trained = trained;
        this.rope = rope;
        this.recompute = recompute;
    }

    /**
     * From the first tensor of the stream to the last. With a cache, only rows with a target come out of the last layer, into
     * {@link Activations#last}, unless all of them have one.
     *
     * @param cache where the tokens before the batch's are, and its own will be; null where the batch holds whole sequences
     */
    void forward(Activations acts, Adapters bank, Batch batch, KeyValues cache) {
        int whole = config.layers() - (cache != null && acts.targets < acts.tokens ? 1 : 0);
        for (int layer = 0; layer < whole; layer++) {
            forward(
                    layer,
                    acts.stream.get(layer),
                    acts.stream.get(layer + 1),
                    acts.saved.get(layer),
                    bank,
                    batch,
                    cache);
        }
        if (whole < config.layers()) {
            forwardTargets(acts, bank, batch, cache);
        }
    }

    /**
     * From the gradient of the last tensor of the stream down to the first adapter, or where the weights are trained, to
     * that of the first tensor; gradients of adapters and weights {@code +=}.
     */
    void backward(Activations acts, Adapters bank, Batch batch) {
        for (int layer = config.layers() - 1; layer >= 0; layer--) {
            Tensor x = acts.stream.get(layer);
            Saved s = acts.saved.get(layer);
            switch (recompute) {
                case NONE -> {}
                case CHEAP -> again(layer, x, s);
                // The layer's output is the next layer's input, which is not needed any more.
                case BLOCK -> forward(layer, x, acts.stream.get(layer + 1), s, bank, batch, null);
            }
            backward(layer, x, s, acts.gradients, bank, batch);
        }
    }

    private void forward(int layer, Tensor x, Tensor out, Saved s, Adapters bank, Batch batch, KeyValues cache) {
        LayerWeights w = weights.layers().get(layer);
        Heads heads = config.heads();
        float eps = config.rmsNormEps();

        ops.rmsNorm(s.normed1, s.rstd1, x, w.inputNorm(), eps); // (N,C)
        linears(
                s,
                s.normed1,
                List.of(
                        new Projected(Projection.QUERY, s.rawQuery, w.query(), w.queryBias()), // (N,HD)
                        new Projected(Projection.KEY, s.rawKey, w.key(), w.keyBias()), // (N,KD)
                        new Projected(Projection.VALUE, s.value, w.value(), w.valueBias())), // (N,KD)
                layer,
                bank,
                batch);
        if (s.raw != null) {
            ops.rmsNorm(s.query, s.rstdQuery, s.rawQuery, w.queryNorm(), eps); // (N,HD), each head
            ops.rmsNorm(s.key, s.rstdKey, s.rawKey, w.keyNorm(), eps); // (N,KD), each head
        }
        ops.rope(s.queryKey, rope, batch); // (N,(H+K)D)
        if (cache == null) {
            ops.attention(s.attended, s.lse, s.qkv, heads, batch); // (N,HD)
        } else {
            ops.cacheWrite(cache.layers().get(layer), s.qkv, batch, cache.tables());
            ops.attentionCached(s.attended, s.qkv, cache.layers().get(layer), batch, cache.tables()); // (N,HD)
        }
        linear(s.middle, s, s.attended, w.output(), null, x, layer, Projection.OUTPUT, bank, batch); // (N,C)
        feedForward(layer, out, s, bank, batch);
    }

    private void feedForward(int layer, Tensor out, Saved s, Adapters bank, Batch batch) {
        LayerWeights w = weights.layers().get(layer);
        ops.rmsNorm(s.normed2, s.rstd2, s.middle, w.postNorm(), config.rmsNormEps()); // (N,C)
        linears(
                s,
                s.normed2,
                List.of(
                        new Projected(Projection.GATE, s.gate, w.gate(), null), // (N,F)
                        new Projected(Projection.UP, s.up, w.up(), null)), // (N,F)
                layer,
                bank,
                batch);
        ops.swiGlu(s.gated, s.gateUp); // (N,F)
        linear(out, s, s.gated, w.down(), null, s.middle, layer, Projection.DOWN, bank, batch); // (N,C)
    }

    /** The last layer: keys and values of all tokens, which later ones will need, and the rest for the rows with a target. */
    private void forwardTargets(Activations acts, Adapters bank, Batch batch, KeyValues cache) {
        int layer = config.layers() - 1;
        LayerWeights w = weights.layers().get(layer);
        float eps = config.rmsNormEps();
        Tensor x = acts.stream.get(layer);
        Saved all = acts.saved.get(layer);

        ops.rmsNorm(all.normed1, all.rstd1, x, w.inputNorm(), eps); // (N,C)
        linear(all.rawKey, all, all.normed1, w.key(), w.keyBias(), null, layer, Projection.KEY, bank, batch); // (N,KD)
        linear(
                all.value,
                all,
                all.normed1,
                w.value(),
                w.valueBias(),
                null,
                layer,
                Projection.VALUE,
                bank,
                batch); // (N,KD)
        if (all.raw != null) {
            ops.rmsNorm(all.key, all.rstdKey, all.rawKey, w.keyNorm(), eps); // (N,KD)
        }
        ops.rope(all.key, rope, batch); // (N,KD)
        ops.cacheWrite(cache.layers().get(layer), all.qkv, batch, cache.tables());
        if (acts.targets == 0) {
            return;
        }

        Saved s = acts.lastLayer;
        Batch rows = batch.onlyTargets();
        PageTables tables = cache.tables().of(batch, rows);
        ops.gatherTargets(s.normed1, all.normed1, batch); // (T,C)
        ops.gatherTargets(acts.last, x, batch); // (T,C)
        linear(s.rawQuery, s, s.normed1, w.query(), w.queryBias(), null, layer, Projection.QUERY, bank, rows); // (T,HD)
        if (s.raw != null) {
            ops.rmsNorm(s.query, s.rstdQuery, s.rawQuery, w.queryNorm(), eps); // (T,HD)
        }
        ops.rope(s.query, rope, rows); // (T,HD)
        ops.attentionCached(s.attended, s.qkv, cache.layers().get(layer), rows, tables); // (T,HD)
        linear(s.middle, s, s.attended, w.output(), null, acts.last, layer, Projection.OUTPUT, bank, rows); // (T,C)
        feedForward(layer, acts.last, s, bank, rows);
    }

    private void backward(int layer, Tensor x, Saved s, Gradients g, Adapters bank, Batch batch) {
        LayerWeights w = weights.layers().get(layer);
        LayerWeights dw = trained == null ? LayerWeights.NONE : trained.layers().get(layer);
        Heads heads = config.heads();

        linearBackward(g.gated, g.residual, s, s.gated, w.down(), layer, Projection.DOWN, bank, batch, g, Write.SET);
        weightGradient(dw.down(), null, g.residual, s.gated);
        ops.swiGluBackward(s.gateUp, g.gated, s.gateUp); // (N,2F), in place
        linearBackward(g.normed, s.up, s, s.normed2, w.up(), layer, Projection.UP, bank, batch, g, Write.SET);
        linearBackward(g.normed, s.gate, s, s.normed2, w.gate(), layer, Projection.GATE, bank, batch, g, Write.ADD);
        weightGradient(dw.up(), null, s.up, s.normed2);
        weightGradient(dw.gate(), null, s.gate, s.normed2);
        normGradient(dw.postNorm(), g.normed, s.middle, s.rstd2);
        ops.rmsNormBackward(g.residual, g.normed, s.middle, w.postNorm(), s.rstd2, Write.ADD); // (N,C)

        linearBackward(
                g.attended, g.residual, s, s.attended, w.output(), layer, Projection.OUTPUT, bank, batch, g, Write.SET);
        weightGradient(dw.output(), null, g.residual, s.attended);
        ops.attentionBackward(g.qkv, g.attended, s.qkv, s.attended, s.lse, heads, batch); // (N,A)
        ops.ropeBackward(g.queryKey, rope, batch); // (N,(H+K)D)
        if (s.raw != null) {
            normGradient(dw.queryNorm(), g.query, s.rawQuery, s.rstdQuery);
            normGradient(dw.keyNorm(), g.key, s.rawKey, s.rstdKey);
            ops.rmsNormBackward(g.query, g.query, s.rawQuery, w.queryNorm(), s.rstdQuery, Write.SET); // (N,HD)
            ops.rmsNormBackward(g.key, g.key, s.rawKey, w.keyNorm(), s.rstdKey, Write.SET); // (N,KD)
        }
        weightGradient(dw.value(), dw.valueBias(), g.value, s.normed1);
        weightGradient(dw.key(), dw.keyBias(), g.key, s.normed1);
        weightGradient(dw.query(), dw.queryBias(), g.query, s.normed1);
        // Below the first layer there is only the embedding: while it is frozen, nobody wants its gradient.
        Tensor dx = layer == 0 && trained == null ? null : g.normed;
        linearBackward(dx, g.value, s, s.normed1, w.value(), layer, Projection.VALUE, bank, batch, g, Write.SET);
        linearBackward(dx, g.key, s, s.normed1, w.key(), layer, Projection.KEY, bank, batch, g, Write.ADD);
        linearBackward(dx, g.query, s, s.normed1, w.query(), layer, Projection.QUERY, bank, batch, g, Write.ADD);
        if (dx != null) {
            normGradient(dw.inputNorm(), g.normed, x, s.rstd1);
            ops.rmsNormBackward(g.residual, g.normed, x, w.inputNorm(), s.rstd1, Write.ADD); // (N,C)
        }
    }

    /** What {@link Recompute#CHEAP} does not keep. */
    private void again(int layer, Tensor x, Saved s) {
        LayerWeights w = weights.layers().get(layer);
        ops.rmsNorm(s.normed1, s.rstd1, x, w.inputNorm(), config.rmsNormEps()); // (N,C)
        ops.rmsNorm(s.normed2, s.rstd2, s.middle, w.postNorm(), config.rmsNormEps()); // (N,C)
        ops.swiGlu(s.gated, s.gateUp); // (N,F)
    }

    /** A linear layer whose siblings have the same input. */
    private record Projected(Projection projection, Tensor y, Tensor w, Tensor bias) {}

    private void linears(Saved s, Tensor x, List<Projected> siblings, int layer, Adapters bank, Batch batch) {
        if (siblings.stream().allMatch(each -> plain(layer, each.projection(), bank, batch))) {
            ops.linears(
                    x,
                    siblings.stream()
                            .map(each -> {
                                Lora lora = whole(lora(bank, layer, each.projection()), batch);
                                Tensor t = lora == null ? null : s.narrow(each.projection());
                                return new Linear(each.y(), t, each.w(), each.bias(), lora);
                            })
                            .toList(),
                    batch);
            siblings.forEach(each -> addDropped(each.y(), s, x, layer, each.projection(), bank, batch));
            return;
        }
        for (Projected each : siblings) {
            linear(each.y(), s, x, each.w(), each.bias(), null, layer, each.projection(), bank, batch);
        }
    }

    private void linear(
            Tensor y,
            Saved s,
            Tensor x,
            Tensor w,
            Tensor bias,
            Tensor residual,
            int layer,
            Projection projection,
            Adapters bank,
            Batch batch) {
        Lora lora = whole(lora(bank, layer, projection), batch);
        Tensor t = lora == null ? null : s.narrow(projection);
        if (plain(layer, projection, bank, batch)) {
            ops.linear(y, t, x, w, bias, residual, lora, batch);
            addDropped(y, s, x, layer, projection, bank, batch);
            return;
        }
        for (SlotParts.Part<Affine> part : parts.of(batch, slot -> bank.affine(layer, projection, slot))) {
            Affine own = part.value();
            Tensor rows = rows(y, part);
            ops.linear(
                    rows,
                    rows(t, part),
                    rows(x, part),
                    w,
                    own == null ? bias : null,
                    own == null ? rows(residual, part) : null,
                    lora,
                    part.batch());
            if (own != null) {
                ops.affine(rows, own.scale(), own.bias() == null ? bias : own.bias(), rows(residual, part));
            }
        }
        addDropped(y, s, x, layer, projection, bank, batch);
    }

    /** y (N,O) += what adapters add that do not see all of x (N,I). */
    private void addDropped(Tensor y, Saved s, Tensor x, int layer, Projection projection, Adapters bank, Batch batch) {
        Lora lora = lora(bank, layer, projection);
        if (drops(lora, batch)) {
            Tensor input = s.dropped.input(x);
            ops.dropout(input, x, lora.dropout(), batch, Write.SET); // (N,I)
            ops.linear(y, s.narrow(projection), input, null, null, y, lora.dropped(), batch); // (N,O)
        }
    }

    private static Tensor rows(Tensor x, SlotParts.Part<?> part) {
        return x == null ? null : x.rows(part.start(), part.end());
    }

    /** Whether no row's result is scaled or has a bias of its slot's own. */
    private static boolean plain(int layer, Projection projection, Adapters bank, Batch batch) {
        return bank == null || SlotParts.none(batch, slot -> bank.affine(layer, projection, slot));
    }

    private void linearBackward(
            Tensor dx,
            Tensor dy,
            Saved s,
            Tensor x,
            Tensor w,
            int layer,
            Projection projection,
            Adapters bank,
            Batch batch,
            Gradients g,
            Write write) {
        Lora lora = lora(bank, layer, projection);
        Lora whole = whole(lora, batch);
        Tensor dt = g.narrow(lora);
        Tensor t = s.narrow(projection);
        ops.linearBackward(
                dx, whole == null ? null : dt, dy, x, whole == null ? null : t, w, whole, batch, write); // (N,I)
        if (drops(lora, batch)) {
            Tensor input = s.dropped.input(x);
            Tensor dInput = dx == null ? null : s.dropped.gradient(x);
            ops.dropout(input, x, lora.dropout(), batch, Write.SET); // (N,I)
            ops.linearBackward(dInput, dt, dy, input, t, null, lora.dropped(), batch, Write.SET); // (N,I)
            if (dx != null) {
                ops.dropout(dx, dInput, lora.dropout(), batch, Write.ADD); // (N,I)
            }
        }
    }

    /** Whether some adapters do not see all of a layer's input in this pass. */
    private static boolean drops(Lora lora, Batch batch) {
        return lora != null && batch.drops() && lora.dropped() != null;
    }

    /** The adapters that see all of a layer's input in this pass, or null. */
    private static Lora whole(Lora lora, Batch batch) {
        return drops(lora, batch) ? lora.whole() : lora;
    }

    /** dw (O,I) += and db (1,O) +=; null where the weight is frozen, or has no bias. */
    private void weightGradient(Tensor dw, Tensor db, Tensor dy, Tensor x) {
        if (dw != null) {
            ops.linearWeightGradient(dw, dy, x);
        }
        if (db != null) {
            ops.linearBiasGradient(db, dy);
        }
    }

    /** dw (1,D) +=; null where the norm is frozen. */
    private void normGradient(Tensor dw, Tensor dy, Tensor x, Tensor rstd) {
        if (dw != null) {
            ops.rmsNormWeightGradient(dw, dy, x, rstd);
        }
    }

    private static Lora lora(Adapters bank, int layer, Projection projection) {
        return bank == null ? null : bank.lora(layer, projection);
    }
}
