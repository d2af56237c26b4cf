package candor.model;

import candor.model.Activations.Pass;
import candor.ops.Backend;
import candor.ops.Batch;
import candor.ops.PassShape;
import candor.ops.PassShape.LinearShape;
import candor.ops.TokenDraw;
import candor.ops.Write;
import candor.ops.weight.FrozenWeight;
import candor.ops.weight.PlainWeight;
import candor.tensor.DType;
import candor.tensor.Tensor;
import candor.tensor.Workspace;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.IntConsumer;

/**
 * A model on a backend: from a packed batch to the log-probabilities of its targets, and from their derivatives to the
 * gradients of the adapters, or of its own weights. For one caller at a time.
 *
 * <p>The memory of a pass is one workspace. It grows to the largest batch that comes, or is made large enough at once by
 * {@link #reserve}; after that, a pass over a batch of the same shape allocates next to nothing: some lists, no
 * tensor.
 */
public final class CausalLm implements AutoCloseable {
    private final Backend backend;
    private final Weights weights;
    /** The gradients of vectors, or null where the weights are frozen. */
    private final Weights trained;

    private final ModelConfig config;
    private final Recomputation recomputation;
    private final Arena arena = Arena.ofShared();
    private final Constants constants;
    private final LayerSource layers;
    private final Decoder decoder;
    private final int positions;
    private final SlotParts heads = new SlotParts();
    private final SlotParts embeddings = new SlotParts();
    private Workspace workspace = new Workspace(0);
    /** Of the host, where inputs of layers wait. */
    private Workspace waiting = new Workspace(0);

    private Activations acts;
    private Adapters bank;
    private long bankRevision;
    private Batch batch;

    /**
     * @param positions the longest sequence that will come, at most the model's own limit
     */
    public CausalLm(Backend backend, Weights weights, Recomputation recomputation, int positions) {
        this(backend, weights, recomputation, frequencies(weights.config()), positions);
    }

    /** The same, of whose layers some are on the device only while they are computed with. */
    public CausalLm(Backend backend, Weights weights, Recomputation recomputation, Residency residency, int positions) {
        this(
                backend,
                weights.on(backend, there(backend, residency)),
                null,
                stored(weights),
                recomputation,
                there(backend, residency),
                frequencies(weights.config()),
                positions);
    }

    /** The same for all layers. */
    public CausalLm(Backend backend, Weights weights, Recompute recompute, int positions) {
        this(backend, weights, Recomputation.all(recompute, weights.config().layers()), positions);
    }

    /**
     * A model whose own weights are trained: {@link #backward} adds to their gradients. They are read anew in every pass.
     *
     * @param positions the longest sequence that will come
     */
    public CausalLm(Backend backend, TrainedWeights weights, Recomputation recomputation, int positions) {
        this(
                backend,
                weights.values(),
                weights.gradients(),
                DType.F32,
                recomputation,
                Residency.ALL,
                frequencies(weights.config()),
                positions);
    }

    /** The same for all layers. */
    public CausalLm(Backend backend, TrainedWeights weights, Recompute recompute, int positions) {
        this(backend, weights, Recomputation.all(recompute, weights.config().layers()), positions);
    }

    private static Function<Rope, float[]> frequencies(ModelConfig config) {
        return rope -> RopeTable.frequencies(rope, config.heads().width());
    }

    /** With rotary frequencies of one's own. */
    CausalLm(
            Backend backend,
            Weights weights,
            Recomputation recomputation,
            Function<Rope, float[]> frequencies,
            int positions) {
        this(
                backend,
                weights.on(backend, Residency.ALL),
                null,
                stored(weights),
                recomputation,
                Residency.ALL,
                frequencies,
                positions);
    }

    /** Where memory is shared, every layer is where it is read. */
    private static Residency there(Backend backend, Residency residency) {
        return backend.descriptor().copiesWeights() ? residency : Residency.ALL;
    }

    /**
     * @param weights   as {@link Weights#on} has made them of the same residency
     * @param stored    the type of the embedding, before the backend had it
     */
    private CausalLm(
            Backend backend,
            Weights weights,
            Weights trained,
            DType stored,
            Recomputation recomputation,
            Residency residency,
            Function<Rope, float[]> frequencies,
            int positions) {
        this.backend = backend;
        this.weights = weights;
        this.trained = trained;
        this.config = weights.config();
        // Where memory is shared, there is nowhere else to wait.
        this.recomputation = backend.descriptor().copiesWeights() ? recomputation : recomputation.here();
        this.positions = positions;
        constants = Constants.of(backend, arena, config, stored, frequencies, positions);
        layers = LayerSource.of(backend, weights, residency);
        decoder = new Decoder(backend, config, layers, trained, constants, this.recomputation, backend::copy);
    }

    /** The type that the embedding is stored in; a form that is not plain has none, and the checkpoint says what it came from. */
    private static DType stored(Weights weights) {
        return weights.embedding() instanceof PlainWeight plain
                ? plain.tensor().dtype()
                : weights.config().dtype();
    }

    public ModelConfig config() {
        return config;
    }

    /** The longest sequence that it takes. */
    public int positions() {
        return positions;
    }

    public Backend backend() {
        return backend;
    }

    /**
     * Memory of a pass.
     *
     * @param workspace bytes where the backend computes
     * @param host      bytes of the host's where inputs of layers wait
     */
    public record PassBytes(long workspace, long host) {}

    /**
     * Bytes of a pass over {@code tokens} tokens, {@code targets} of them scored, behind which a backward pass follows.
     *
     * @param type     of activations, see {@link Backend#activations}
     * @param adapters the adapters that will be there, or null
     */
    public static PassBytes trainingBytes(
            DType type, ModelConfig config, Adapters adapters, int tokens, int targets, Recomputation recomputation) {
        return passBytes(type, config, adapters, tokens, targets, Pass.TRAIN, recomputation);
    }

    /** The same without a backward pass: bytes of the workspace. */
    public static long scoringBytes(DType type, ModelConfig config, Adapters adapters, int tokens, int targets) {
        return freeBytes(type, config, adapters, tokens, targets, Pass.SCORE);
    }

    /**
     * The shape of a pass, as operations want to know it.
     *
     * @param adapters the adapters that will be there, or null
     * @param slots    how many of them have rows in a pass, at most
     * @param longest  tokens of the longest sequence
     * @param cached   tokens of a sequence in the cache of keys and values, at most; 0 for a pass without one
     */
    public static PassShape shape(
            ModelConfig config,
            Adapters adapters,
            int slots,
            int tokens,
            int targets,
            int longest,
            int cached,
            boolean training) {
        List<List<LinearShape>> siblings = new ArrayList<>();
        for (LinearGroup group : LinearGroup.values()) {
            siblings.add(group.projections().stream()
                    .map(projection -> new LinearShape(
                            projection.inputs(config),
                            projection.outputs(config),
                            adapters == null ? 0 : adapters.paddedRank(projection)))
                    .toList());
        }
        return new PassShape(
                tokens,
                targets,
                longest,
                cached,
                slots,
                config.heads(),
                config.hiddenSize(),
                config.vocabSize(),
                siblings,
                config.packing() != null,
                training);
    }

    /** Bytes of the workspace for {@link #next}. */
    public static long logitsBytes(DType type, ModelConfig config, Adapters adapters, int tokens, int targets) {
        return freeBytes(type, config, adapters, tokens, targets, Pass.CACHED_LOGITS);
    }

    /** Bytes of the workspace for {@link #forward(float[], Batch, Adapters, KeyValues)}. */
    public static long cachedBytes(DType type, ModelConfig config, Adapters adapters, int tokens, int targets) {
        return freeBytes(type, config, adapters, tokens, targets, Pass.CACHED);
    }

    private static long freeBytes(
            DType type, ModelConfig config, Adapters adapters, int tokens, int targets, Pass pass) {
        return passBytes(type, config, adapters, tokens, targets, pass, null).workspace();
    }

    private static PassBytes passBytes(
            DType type,
            ModelConfig config,
            Adapters adapters,
            int tokens,
            int targets,
            Pass pass,
            Recomputation recomputation) {
        Workspace measure = Workspace.measuring();
        Workspace host = Workspace.measuring();
        new Activations(measure, host, type, config, adapters, tokens, targets, pass, recomputation);
        return new PassBytes(measure.peak(), host.peak());
    }

    /** Makes the workspace large enough for batches up to this size. */
    public void reserve(Adapters adapters, int tokens, int targets, boolean training) {
        grow(bytes(adapters, tokens, targets, training ? Pass.TRAIN : Pass.SCORE));
    }

    /** Makes it large enough at once for batches with gradients, and for others without. */
    public void reserve(Adapters adapters, int tokens, int targets, int freeTokens, int freeTargets) {
        PassBytes train = bytes(adapters, tokens, targets, Pass.TRAIN);
        long free = bytes(adapters, freeTokens, freeTargets, Pass.SCORE).workspace();
        grow(new PassBytes(Math.max(train.workspace(), free), train.host()));
    }

    private PassBytes bytes(Adapters adapters, int tokens, int targets, Pass pass) {
        return passBytes(backend.activations(), config, adapters, tokens, targets, pass, recomputation);
    }

    private void grow(PassBytes bytes) {
        if (workspace.size() < bytes.workspace()) {
            acts = null;
            workspace.close();
            workspace = backend.workspace(bytes.workspace());
        }
        if (waiting.size() < bytes.host()) {
            acts = null;
            waiting.close();
            waiting = backend.hostWorkspace(bytes.host());
        }
    }

    /** Bytes of the workspace as it is. */
    public long workspaceBytes() {
        return workspace.size();
    }

    /**
     * Log-probabilities of the batch's targets.
     *
     * @param logp     T values =, in the order of the target rows; at least that long
     * @param adapters the adapters that the batch's slots mean, or null where all are {@link Batch#BASE}
     * @param training whether {@link #backward} follows
     */
    public void forward(float[] logp, Batch next, Adapters adapters, boolean training) {
        score(next, adapters, training ? Pass.TRAIN : Pass.SCORE, null, null);
        download(logp, acts.logp);
    }

    /**
     * The same without a backward pass, and with a look at the residual stream on the way. What is read of a row depends on its
     * own sequence alone, and the log-probabilities are those of a pass that reads nothing.
     *
     * @param logp T values =, as above; nothing where no row has a target
     */
    public void forward(float[] logp, Batch next, Adapters adapters, StreamReading reading) {
        if (reading.rows().tokenCount() != next.tokenCount()) {
            throw new IllegalArgumentException("a pass over " + next.tokenCount() + " tokens, read as one over "
                    + reading.rows().tokenCount());
        }
        long pass = bytes(adapters, next.tokenCount(), next.targetCount(), Pass.SCORE)
                .workspace();
        grow(new PassBytes(
                pass
                        + readingBytes(
                                backend.activations(), config, reading.rows().targetCount()),
                0));
        score(next, adapters, Pass.SCORE, null, reading);
        download(logp, acts.logp);
    }

    /** Bytes of the workspace, beside those of the pass, for a {@link StreamReading} of so many rows. */
    public static long readingBytes(DType type, ModelConfig config, int rows) {
        return Workspace.bytesFor(type, rows, config.hiddenSize());
    }

    /** The same for tokens whose predecessors are in a cache, to which they are added. */
    public void forward(float[] logp, Batch next, Adapters adapters, KeyValues cache) {
        score(next, adapters, Pass.CACHED, cache, null);
        download(logp, acts.logp);
    }

    /**
     * The tokens that follow the rows that have a target, whichever it is, of tokens whose predecessors are in a cache, to which
     * they are added. A row's result depends on its own sequence alone, and not on how that was cut into passes.
     *
     * @param chosen (T, 2) =, row by row, see {@link candor.ops.op.SampleTokens}; at least that long
     * @param lse    T values =, the logarithm of the sum of the exponentials of a row's logits; at least that long; or null
     *               where nobody wants them, who then need not wait for the exponentials
     * @param draws  T of them
     */
    public void next(
            float[] chosen, float[] lse, List<TokenDraw> draws, Batch next, Adapters adapters, KeyValues cache) {
        if (lse != null) {
            score(next, adapters, Pass.CACHED_LOGITS, cache, null);
        } else if (normed(next, adapters, Pass.CACHED_LOGITS, cache, null)) {
            // The same logits, to the bit: a product's sums have one order, whatever asks for it.
            logitsOf(acts.logits, acts.normed, batch.onlyTargets()); // (T,V)
        }
        if (batch.targetCount() > 0) {
            backend.sampleTokens(acts.chosen, acts.logits, draws); // (T,2)
            backend.download(chosen, acts.chosen);
        }
        if (lse != null) {
            download(lse, acts.lse);
        }
    }

    /**
     * Logits of a row of the last pass, which was that of {@link #next}.
     *
     * @param logits V values =; at least that long
     * @param target which of the rows that had a target
     */
    public void logits(float[] logits, int target) {
        if (acts == null || acts.pass != Pass.CACHED_LOGITS || batch == null) {
            throw new IllegalStateException("no logits of a pass to look at");
        }
        backend.download(logits, acts.logits.rows(target, target + 1));
    }

    private void score(Batch next, Adapters adapters, Pass pass, KeyValues cache, StreamReading reading) {
        if (!normed(next, adapters, pass, cache, reading)) {
            return;
        }
        if (SlotParts.none(batch, this::head)) {
            backend.logProb(acts.logp, acts.lse, acts.logits, acts.normed, weights.head(), batch); // (T)
            return;
        }
        int from = 0;
        for (SlotParts.Part<FrozenWeight> part : heads.of(batch, this::head)) {
            int to = from + part.batch().targetCount();
            if (to > from) {
                backend.logProb(
                        acts.logp.rows(from, to),
                        acts.lse.rows(from, to),
                        acts.logits == null ? null : acts.logits.rows(from, to),
                        acts.normed.rows(from, to),
                        part.value() == null ? weights.head() : part.value(),
                        part.batch()); // (T)
            }
            from = to;
        }
    }

    /** The head of a slot's own, or null. */
    private FrozenWeight head(int slot) {
        return bank == null ? null : bank.head(slot);
    }

    /** The embedding of a slot's own, or null. */
    private FrozenWeight embedding(int slot) {
        return bank == null ? null : bank.embedding(slot);
    }

    /** logits (N, V) = x (N, C) times the head of each row's slot. */
    private void logitsOf(Tensor logits, Tensor x, Batch rows) {
        for (SlotParts.Part<FrozenWeight> part : heads.of(rows, this::head)) {
            backend.logits(
                    logits.rows(part.start(), part.end()),
                    x.rows(part.start(), part.end()),
                    part.value() == null ? weights.head() : part.value());
        }
    }

    private void embed(Tensor x, Batch rows) {
        for (SlotParts.Part<FrozenWeight> part : embeddings.of(rows, this::embedding)) {
            backend.embed(
                    x.rows(part.start(), part.end()),
                    part.value() == null ? weights.embedding() : part.value(),
                    part.batch());
        }
        scaleEmbedding(x);
    }

    /** Embeddings (N,C), or their gradients, times what the family multiplies them by. */
    private void scaleEmbedding(Tensor x) {
        if (constants.embeddingScale() != null) {
            backend.affine(x, constants.embeddingScale(), null, null);
        }
    }

    /** What the head is multiplied with, of the rows that have a target; whether there are some. */
    private boolean normed(Batch next, Adapters adapters, Pass pass, KeyValues cache, StreamReading reading) {
        hidden(next, adapters, pass, cache, reading);
        if (batch.targetCount() == 0) {
            return false;
        }
        if (acts.lastLayer == null && !acts.allLast()) {
            backend.gatherTargets(acts.last, acts.stream.getLast(), batch); // (T,C)
        }
        backend.rmsNorm(acts.normed, acts.rstd, acts.last, weights.finalNorm(), config.rmsNormEps()); // (T,C)
        return true;
    }

    private void download(float[] values, Tensor from) {
        if (batch.targetCount() > 0) {
            backend.download(values, from);
        }
    }

    /**
     * The backward pass of the last {@link #forward} that was for training: gradients of the trained adapters, and of the
     * weights where they are trained, {@code +=}.
     *
     * @param dlogp T derivatives of the loss by the log-probabilities
     */
    public void backward(float[] dlogp) {
        backward(dlogp, _ -> {});
    }

    /**
     * The same for one who wants to use the gradients of a layer while those of the layers before it are computed.
     *
     * @param done told the number of each layer whose gradients have been asked for, the last one first; on a processor, they are
     *             there then
     */
    public void backward(float[] dlogp, IntConsumer done) {
        if (acts == null || acts.pass != Pass.TRAIN || batch == null) {
            throw new IllegalStateException("no forward pass for training to go back on");
        }
        if (bank != null && bankRevision != bank.revision()) {
            throw new IllegalStateException("the adapters are others than in the forward pass");
        }
        if (batch.targetCount() > 0) {
            backend.upload(acts.dlogp, dlogp);
            if (trained != null) {
                backend.logProbHeadGradient(
                        weights.head().gradient(),
                        acts.dlogp,
                        acts.lse,
                        acts.logits,
                        acts.normed,
                        weights.head(),
                        batch); // (V,C)
            }
            backend.logProbBackward(
                    acts.dnormed, acts.dlogp, acts.lse, acts.logits, acts.normed, weights.head(), batch); // (T,C)
            if (trained != null) {
                backend.rmsNormWeightGradient(trained.finalNorm(), acts.dnormed, acts.last, acts.rstd); // (C)
            }
            backend.rmsNormBackward(
                    acts.dnormed, acts.dnormed, acts.last, weights.finalNorm(), acts.rstd, Write.SET); // (T,C)
            backend.scatterTargets(acts.gradients.residual, acts.dnormed, batch); // (N,C)
            decoder.backward(acts, bank, batch, done);
            if (trained != null) {
                scaleEmbedding(acts.gradients.residual);
                backend.embedBackward(weights.embedding().gradient(), acts.gradients.residual, batch); // (V,C)
            }
        }
        batch = null; // what was kept is used up
    }

    /**
     * Logits of every token.
     *
     * @return (N, V) float32, valid until the next pass
     */
    public Tensor logits(Batch next, Adapters adapters) {
        int n = next.tokenCount();
        DType type = backend.activations();
        long extra = Workspace.bytesFor(type, n, config.hiddenSize())
                + Workspace.bytesFor(DType.F32, n, 1)
                + Workspace.bytesFor(DType.F32, n, config.vocabSize());
        grow(new PassBytes(bytes(adapters, n, next.targetCount(), Pass.SCORE).workspace() + extra, 0));
        hidden(next, adapters, Pass.SCORE, null, null);
        long mark = workspace.mark();
        Tensor normed = workspace.take(type, n, config.hiddenSize());
        Tensor rstd = workspace.take(n, 1);
        Tensor logits = workspace.take(n, config.vocabSize());
        backend.rmsNorm(normed, rstd, acts.stream.getLast(), weights.finalNorm(), config.rmsNormEps()); // (N,C)
        logitsOf(logits, normed, next); // (N,V)
        workspace.release(mark);
        return logits;
    }

    /**
     * The residual stream after the last layer.
     *
     * @param reading what is handed out on the way, or null
     */
    private void hidden(Batch next, Adapters adapters, Pass pass, KeyValues cache, StreamReading reading) {
        // An id beyond the vocabulary has no logit, and a device would read behind its table.
        if (next.largestId() >= config.vocabSize()) {
            throw new IllegalArgumentException(
                    "token " + next.largestId() + " of a vocabulary of " + config.vocabSize());
        }
        if (adapters == null && next.runs().stream().anyMatch(run -> run.slot() != Batch.BASE)) {
            throw new IllegalArgumentException("no adapters for a batch that names slots: " + next.runs());
        }
        if (pass == Pass.TRAIN && adapters != null) {
            requireTrainable(next, adapters);
        }
        batch = null; // a pass that fails leaves nothing to go back on
        if (acts == null
                || acts.tokens != next.tokenCount()
                || acts.targets != next.targetCount()
                || acts.pass != pass
                || bank != adapters
                || (bank != null && bankRevision != bank.revision())) {
            layOut(next, adapters, pass);
        }
        embed(acts.stream.getFirst(), next); // (N,C)
        long mark = workspace.mark();
        try {
            decoder.forward(acts, bank, next, cache, reading == null ? _ -> {} : read(reading));
        } finally {
            workspace.release(mark);
        }
        batch = next;
    }

    private IntConsumer read(StreamReading reading) {
        int rows = reading.rows().targetCount();
        Tensor read = workspace.take(backend.activations(), rows, config.hiddenSize());
        float[] values = new float[Math.multiplyExact(rows, config.hiddenSize())];
        return layer -> {
            if (reading.layers().test(layer)) {
                backend.gatherTargets(read, acts.stream.get(layer + 1), reading.rows()); // (R,C)
                backend.download(values, read);
                reading.to().read(layer, values);
            }
        };
    }

    /** The way back knows nothing of what adapters of PEFT's have beside factors. */
    private void requireTrainable(Batch next, Adapters adapters) {
        boolean plain = SlotParts.none(next, adapters::head) && SlotParts.none(next, adapters::embedding);
        for (int layer = 0; layer < config.layers(); layer++) {
            for (Projection projection : Projection.values()) {
                int at = layer;
                plain &= SlotParts.none(next, slot -> adapters.affine(at, projection, slot));
            }
        }
        if (!plain) {
            throw new IllegalArgumentException("an adapter with more than factors is not trained");
        }
    }

    private void layOut(Batch next, Adapters adapters, Pass pass) {
        DType type = backend.activations();
        grow(bytes(adapters, next.tokenCount(), next.targetCount(), pass));
        workspace.release(0);
        waiting.release(0);
        bank = adapters;
        bankRevision = bank == null ? 0 : bank.revision();
        acts = new Activations(
                workspace, waiting, type, config, bank, next.tokenCount(), next.targetCount(), pass, recomputation);
    }

    @Override
    public void close() {
        layers.close();
        workspace.close();
        waiting.close();
        arena.close();
    }
}
