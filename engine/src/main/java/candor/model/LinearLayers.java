package candor.model;

import candor.ops.Batch;
import candor.ops.Lora;
import candor.ops.Ops;
import candor.ops.Write;
import candor.ops.op.Epilogue;
import candor.ops.op.Linears;
import candor.ops.op.LinearsBackward;
import candor.ops.weight.Weight;
import candor.tensor.Tensor;
import java.util.List;

/** The linear layers of a decoder, forward and backward, with whatever adapters make of them. */
final class LinearLayers {
    private final Ops ops;
    private final SlotParts parts = new SlotParts();

    LinearLayers(Ops ops) {
        this.ops = ops;
    }

    /**
     * Several layers with the same input x (N, I), and what follows them: in one operation where the backend gains by it, and all of
     * a layer's result comes from it.
     *
     * @param ys   (N, O) each, in the order of the group
     * @param then works on their columns; null for nothing
     * @param kept whether somebody reads ys afterwards
     */
    void forward(Layer layer, LinearGroup group, List<Tensor> ys, Tensor x, Epilogue then, boolean kept) {
        List<Projection> projections = group.projections();
        boolean plain = true;
        boolean whole = true;
        for (Projection each : projections) {
            plain &= layer.plain(each);
            whole &= !drops(layer.lora(each), layer.batch());
        }
        if (!plain) {
            for (int i = 0; i < ys.size(); i++) {
                forward(layer, projections.get(i), ys.get(i), x, null);
            }
            follow(then);
            return;
        }
        Linears.Part[] parts = new Linears.Part[ys.size()];
        for (int i = 0; i < parts.length; i++) {
            parts[i] = part(layer, projections.get(i), ys.get(i));
        }
        boolean joined = whole && ops.joins();
        ops.linears(
                x,
                layer.weights().weights(group),
                List.of(parts),
                joined ? then : null,
                !joined || kept,
                layer.batch());
        for (int i = 0; i < ys.size(); i++) {
            addDropped(layer, projections.get(i), ys.get(i), x);
        }
        follow(joined ? null : then);
    }

    private void follow(Epilogue then) {
        if (then != null) {
            ops.run(then);
        }
    }

    private static Linears.Part part(Layer layer, Projection projection, Tensor y) {
        Lora lora = whole(layer.lora(projection), layer.batch());
        Tensor t = lora == null ? null : layer.saved().loraDown(projection);
        return new Linears.Part(y, t, layer.weights().bias(projection), lora);
    }

    /** y (N, O) = x (N, I) through the layer + residual (N, O), which may be null. */
    void forward(Layer layer, Projection projection, Tensor y, Tensor x, Tensor residual) {
        Weight w = layer.weights().weight(projection);
        Tensor bias = layer.weights().bias(projection);
        Lora lora = whole(layer.lora(projection), layer.batch());
        Tensor t = lora == null ? null : layer.saved().loraDown(projection);
        if (layer.plain(projection)) {
            ops.linear(y, t, x, w, bias, residual, lora, layer.batch());
            addDropped(layer, projection, y, x);
            return;
        }
        for (SlotParts.Part<Affine> part : parts.of(layer.batch(), slot -> layer.affine(projection, slot))) {
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
        addDropped(layer, projection, y, x);
    }

    /** y (N,O) += what adapters add that do not see all of x (N,I). */
    private void addDropped(Layer layer, Projection projection, Tensor y, Tensor x) {
        Lora lora = layer.lora(projection);
        if (drops(lora, layer.batch())) {
            Saved s = layer.saved();
            Tensor input = s.dropped.input(x);
            ops.dropout(input, x, lora.dropout(), layer.batch(), Write.SET); // (N,I)
            ops.linear(y, s.loraDown(projection), input, null, null, y, lora.dropped(), layer.batch()); // (N,O)
        }
    }

    private static Tensor rows(Tensor x, SlotParts.Part<?> part) {
        return x == null ? null : x.rows(part.start(), part.end());
    }

    /**
     * dx = or += the gradient of the input; gradients of adapters {@code +=}.
     *
     * @param dx (N, I), or null where nobody wants it
     * @param dy (N, O)
     * @param x  (N, I), the input of the forward pass
     */
    void backward(Layer layer, Projection projection, Tensor dx, Tensor dy, Tensor x, Gradients g, Write write) {
        Batch batch = layer.batch();
        Saved s = layer.saved();
        Weight w = layer.weights().weight(projection);
        Lora lora = layer.lora(projection);
        Lora whole = whole(lora, batch);
        Tensor dt = whole == null ? null : g.loraDown(projection);
        Tensor t = whole == null ? null : s.loraDown(projection);
        ops.linearBackward(dx, dt, dy, x, t, w, whole, batch, write); // (N,I)
        backwardDropped(layer, projection, dx, dy, x, g);
    }

    /** dx (N,I) += the gradient through adapters that do not see all of x (N,I), and theirs. */
    private void backwardDropped(Layer layer, Projection projection, Tensor dx, Tensor dy, Tensor x, Gradients g) {
        Batch batch = layer.batch();
        Lora lora = layer.lora(projection);
        if (!drops(lora, batch)) {
            return;
        }
        Saved s = layer.saved();
        Tensor input = s.dropped.input(x);
        Tensor dInput = dx == null ? null : s.dropped.gradient(x);
        Tensor dt = g.loraDown(projection);
        Tensor t = s.loraDown(projection);
        ops.dropout(input, x, lora.dropout(), batch, Write.SET); // (N,I)
        ops.linearBackward(dInput, dt, dy, input, t, null, lora.dropped(), batch, Write.SET); // (N,I)
        if (dx != null) {
            ops.dropout(dx, dInput, lora.dropout(), batch, Write.ADD); // (N,I)
        }
    }

    /**
     * The same through several layers with the same input: at first what does not depend on what others in the batch drop, so that
     * a row has the same sums beside any others.
     *
     * @param dys (N, O) each, in the order of the group
     */
    void backward(Layer layer, LinearGroup group, Tensor dx, List<Tensor> dys, Tensor x, Gradients g, Write write) {
        Batch batch = layer.batch();
        List<Projection> projections = group.projections();
        LinearsBackward.Part[] parts = new LinearsBackward.Part[dys.size()];
        for (int i = 0; i < parts.length; i++) {
            Projection projection = projections.get(i);
            Lora lora = whole(layer.lora(projection), batch);
            Tensor dt = lora == null ? null : g.loraDown(projection);
            Tensor t = lora == null ? null : layer.saved().loraDown(projection);
            parts[i] = new LinearsBackward.Part(dt, dys.get(i), t, lora);
        }
        ops.linearsBackward(dx, x, layer.weights().weights(group), List.of(parts), batch, write); // (N,I)
        for (int i = dys.size() - 1; i >= 0; i--) {
            backwardDropped(layer, projections.get(i), dx, dys.get(i), x, g);
        }
    }

    /** The gradients of the weight (O,I) and the bias (1,O) {@code +=}, where they are trained. */
    void weightGradient(Layer layer, Projection projection, Tensor dy, Tensor x) {
        Tensor dw = layer.weights().weight(projection).gradient();
        Tensor db = layer.gradients().bias(projection);
        if (dw != null) {
            ops.linearWeightGradient(dw, dy, x);
        }
        if (db != null) {
            ops.linearBiasGradient(db, dy);
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
}
