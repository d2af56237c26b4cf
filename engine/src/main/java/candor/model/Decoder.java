package candor.model;

import candor.model.Activations.Pass;
import candor.model.Architecture.Trait;
import candor.model.LayerSource.Course;
import candor.ops.Batch;
import candor.ops.Ops;
import candor.tensor.Tensor;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.IntConsumer;

/**
 * The layers, forward and backward, written to be read side by side: {@link #backward} is {@link #forward} from the last
 * line to the first, and so it is in each {@link Branch}. Frozen weights get no gradient; gradients of adapters, of trained
 * weights and of the residual stream are added ({@code +=}), all others are set ({@code =}).
 *
 * <p>One decoder serves all families: each layer is attention, then a feed-forward block, which another kind of model may
 * replace; biases, head norms and norms of branches are there or null.
 */
final class Decoder {
    private final Ops ops;
    private final ModelConfig config;
    private final LayerSource layers;
    private final Weights trained;
    private final Constants constants;
    /** What is computed again before the way back through each layer. */
    private final List<Recompute> left;

    private final BiConsumer<Tensor, Tensor> copies;
    private final AttentionBranch attention;
    private final Branch feedForward;

    /**
     * @param layers  the weights
     * @param trained the gradients of vectors, or null where they are frozen
     * @param copies  how inputs of layers come to where they wait, and back
     */
    Decoder(
            Ops ops,
            ModelConfig config,
            LayerSource layers,
            Weights trained,
            Constants constants,
            Recomputation recomputation,
            BiConsumer<Tensor, Tensor> copies) {
        this.ops = ops;
        this.config = config;
        this.layers = layers;
        this.trained = trained;
        this.constants = constants;
        this.copies = copies;
        left = recomputation.left();
        LinearLayers linears = new LinearLayers(ops);
        Norms norms = new Norms(ops, config.rmsNormEps());
        attention = new AttentionBranch(ops, linears, norms, constants.queryScale());
        feedForward = new FeedForward(ops, linears, norms, config.architecture().has(Trait.GELU));
    }

    /**
     * From the first tensor of the stream to the last. With a cache, only rows with a target come out of the last layer, into
     * {@link Activations#last}, unless all of them have one.
     *
     * @param cache  where the tokens before the batch's are, and its own will be; null where the batch holds whole sequences
     * @param passed told the number of each layer that all rows have gone through, while the stream behind it is there
     */
    void forward(Activations acts, Adapters bank, Batch batch, KeyValues cache, IntConsumer passed) {
        Course course = acts.pass == Pass.TRAIN ? Course.UP_AND_BACK : Course.UP;
        int whole = config.layers() - (cache != null && acts.targets < acts.tokens ? 1 : 0);
        for (int number = 0; number < whole; number++) {
            Tensor x = acts.stream.get(number);
            if (acts.waiting.get(number) != null) {
                copies.accept(acts.waiting.get(number), x);
            }
            forward(layer(number, course, acts, bank, batch, cache), acts.stream.get(number + 1), x);
            passed.accept(number);
        }
        if (whole < config.layers()) {
            forwardTargets(layer(whole, course, acts, bank, batch, cache), acts);
        }
    }

    /**
     * From the gradient of the last tensor of the stream down to the first adapter, or where the weights are trained, to
     * that of the first tensor; gradients of adapters and weights {@code +=}.
     *
     * @param done told the number of each layer whose gradients have been asked for
     */
    void backward(Activations acts, Adapters bank, Batch batch, IntConsumer done) {
        for (int number = config.layers() - 1; number >= 0; number--) {
            Layer layer = layer(number, Course.DOWN, acts, bank, batch, null);
            Tensor x = acts.stream.get(number);
            if (acts.waiting.get(number) != null) {
                copies.accept(x, acts.waiting.get(number));
            }
            again(left.get(number), layer, acts);
            feedForward.backward(layer, layer.saved().middle, acts.gradients);
            attention.backward(layer, x, acts.gradients);
            done.accept(number);
        }
    }

    /** What a layer computes again: for those who count it. */
    void again(Recompute recompute, int number, Activations acts, Adapters bank, Batch batch) {
        again(recompute, layer(number, Course.DOWN, acts, bank, batch, null), acts);
    }

    private void again(Recompute recompute, Layer layer, Activations acts) {
        Tensor x = acts.stream.get(layer.number());
        switch (recompute) {
            case NONE -> {}
            case SELECTIVE -> {
                attention.again(layer, x);
                feedForward.again(layer, layer.saved().middle);
            }
            // The layer's output is the next layer's input, which is not needed any more.
            case FULL -> forward(layer, acts.stream.get(layer.number() + 1), x);
        }
    }

    private Layer layer(int number, Course course, Activations acts, Adapters bank, Batch batch, KeyValues cache) {
        LayerWeights gradients =
                trained == null ? LayerWeights.NONE : trained.layers().get(number);
        return new Layer(
                number,
                layers.layer(number, course),
                gradients,
                config.heads(number),
                constants.ropes().get(number),
                acts.saved.get(number),
                bank,
                batch,
                kept(number, course),
                cache);
    }

    /** Whether the way back reads what a layer computes on this course, and does not compute it again. */
    private boolean kept(int number, Course course) {
        return switch (course) {
            case UP -> false;
            case UP_AND_BACK -> left.get(number) != Recompute.FULL;
            case DOWN -> true;
        };
    }

    private void forward(Layer layer, Tensor out, Tensor x) {
        Tensor middle = layer.saved().middle;
        attention.forward(layer, middle, x); // (N,C)
        feedForward.forward(layer, out, middle); // (N,C)
    }

    /** The last layer: keys and values of all tokens, which later ones will need, and the rest for the rows with a target. */
    private void forwardTargets(Layer all, Activations acts) {
        Tensor x = acts.stream.get(all.number());
        attention.remember(all, x);
        if (acts.targets == 0) {
            return;
        }
        Layer rows = all.onlyTargets(acts.lastLayer);
        Saved s = rows.saved();
        ops.gatherTargets(s.normed1, all.saved().normed1, all.batch()); // (T,C)
        ops.gatherTargets(acts.last, x, all.batch()); // (T,C)
        attention.forwardRemembered(rows, s.middle, acts.last); // (T,C)
        feedForward.forward(rows, acts.last, s.middle); // (T,C)
    }
}
