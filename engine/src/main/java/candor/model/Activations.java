package candor.model;

import candor.tensor.DType;
import candor.tensor.Tensor;
import candor.tensor.Workspace;
import java.util.ArrayList;
import java.util.List;

/**
 * Every tensor of one pass over a batch of N tokens, T of them with a target, laid out in a workspace. Two batches of the
 * same N and T use the same ones; with {@link Workspace#measuring} it tells the size before anything is allocated.
 */
final class Activations {
    /** What a pass is for. */
    enum Pass {
        /** Log-probabilities alone. */
        SCORE,
        /** Log-probabilities alone, of tokens whose predecessors are in a cache. */
        CACHED,
        /** The same with logits. */
        CACHED_LOGITS,
        /** A backward pass follows. */
        TRAIN;

        boolean cached() {
            return this == CACHED || this == CACHED_LOGITS;
        }
    }

    /** Logits are kept for the backward pass up to this many bytes; beyond, they are computed again in chunks unless asked for. */
    private static final long LOGITS_BYTES = 256L << 20;

    final int tokens;
    final int targets;
    final Pass pass;

    /** L + 1 of (N, C): the residual stream before each layer, and after the last; those that wait on the host share two. */
    final List<Tensor> stream = new ArrayList<>();

    /** Of each layer, where its input waits on the host, (N, C), or null. */
    final List<Tensor> waiting = new ArrayList<>();

    /** One per layer; the same one where layers share. */
    final List<Saved> saved = new ArrayList<>();

    /** Of the last layer, for the rows with a target alone; null where all rows go through it. */
    final Saved lastLayer;

    /** (T, C), the rows that have a target, and their norm. */
    final Tensor last;

    final Tensor normed;

    /** (T, 1). */
    final Tensor rstd;

    final Tensor logp;
    final Tensor lse;

    /** (T, V), or null. */
    final Tensor logits;

    /** (T, 2) tokens that follow, and their logits; null where none is chosen. */
    final Tensor chosen;

    /** Null where there is no backward pass. */
    final Gradients gradients;

    /** (T, 1) and (T, C); null where there is no backward pass. */
    final Tensor dlogp;

    final Tensor dnormed;

    /**
     * @param host where inputs of layers wait
     * @param type of activations, see {@link candor.ops.Backend#activations}
     * @param kept what is computed again where a backward pass follows
     */
    Activations(
            Workspace workspace,
            Workspace host,
            DType type,
            ModelConfig config,
            Adapters bank,
            int n,
            int t,
            Pass use,
            Recomputation kept) {
        tokens = n;
        targets = t;
        pass = use;
        boolean train = use == Pass.TRAIN;
        int c = config.hiddenSize();
        boolean share = !train || kept.layers().stream().anyMatch(each -> each != Recompute.NONE);
        Saved.Light light = share ? Saved.Light.take(workspace, type, config, n) : null;
        DroppedInput dropped =
                use.cached() ? DroppedInput.NONE : new DroppedInput(workspace, type, config, bank, n, train);
        // Between two tensors goes to and fro what is not wanted later, or is on the host until then.
        Tensor[] passing = new Tensor[2];
        for (int at = 0; at <= config.layers(); at++) {
            boolean away = train && at < config.layers() && kept.onHost(at);
            waiting.add(away ? host.take(type, n, c) : null);
            if (train && !away) {
                stream.add(workspace.take(type, n, c));
                continue;
            }
            if (passing[at % 2] == null) {
                passing[at % 2] = workspace.take(type, n, c);
            }
            stream.add(passing[at % 2]);
        }
        Saved shared = null;
        for (int layer = 0; layer < config.layers(); layer++) {
            Recompute own = train ? kept.layers().get(layer) : Recompute.FULL;
            if (own != Recompute.FULL) {
                Saved.Light parts = own == Recompute.NONE ? null : light;
                saved.add(new Saved(workspace, type, config, bank, n, parts, dropped));
                continue;
            }
            if (shared == null) {
                // All layers are of one shape, and of a projection all intermediate products.
                shared = new Saved(workspace, type, config, bank, n, light, dropped);
            }
            saved.add(shared);
        }
        boolean part = use.cached() && t > 0 && t < n;
        lastLayer = part ? new Saved(workspace, type, config, bank, t, null, dropped) : null;
        last = allLast() ? stream.getLast() : workspace.take(type, t, c);
        normed = workspace.take(type, t, c);
        rstd = workspace.take(t, 1);
        logp = workspace.take(t, 1);
        lse = workspace.take(t, 1);
        boolean keep = use == Pass.CACHED_LOGITS
                || train && (kept.logits() || Workspace.bytesFor(DType.F32, t, config.vocabSize()) <= LOGITS_BYTES);
        logits = keep ? workspace.take(t, config.vocabSize()) : null;
        chosen = use == Pass.CACHED_LOGITS ? workspace.take(t, 2) : null;
        gradients = train ? new Gradients(workspace, type, config, bank, n) : null;
        dlogp = train ? workspace.take(t, 1) : null;
        dnormed = train ? workspace.take(type, t, c) : null;
    }

    /** Whether {@link #last} is the stream's last tensor as it is: every token of a pass with a cache has a target. */
    boolean allLast() {
        return pass.cached() && targets == tokens;
    }
}
