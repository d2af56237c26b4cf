package candor.probe;

import candor.data.EncodedRow;
import candor.data.Packing;
import candor.model.Adapters;
import candor.model.CausalLm;
import candor.model.StreamReading;
import candor.ops.Batch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntPredicate;

/**
 * Reads replies in passes without gradients: how likely each is, and the mean of the residual stream over its tokens.
 *
 * <p>A row's reply is what its flags mark, with what ends it. The mean behind a layer is over the rows of the stream at the
 * reply's own tokens, as persona vectors have it (Chen et al. 2025, section 2.2: activations averaged over the response). Sums
 * are in double precision, in the order of the tokens, so that nothing depends on what else is in a pass, nor on how rows are
 * divided among passes.
 */
public final class ReplyReader {
    /** Takes what was read of a row. */
    @FunctionalInterface
    public interface Sink {
        /**
         * Takes one row.
         *
         * @param row  its number in the list
         * @param read the caller's own from here on
         */
        void take(int row, Reply read);
    }

    /**
     * What was read of a reply.
     *
     * @param logp  the sum of the log-probabilities of its tokens, natural; 0 where nobody asked
     * @param means of each layer, the mean of the stream behind it, C values; null for a layer that nobody asked for
     */
    public record Reply(double logp, double[][] means) {}

    private final CausalLm model;
    private final Adapters adapters;
    private final int slot;
    private final int tokensAtOnce;

    /**
     * A reader of a model.
     *
     * @param adapters     those that slots mean, or null where there are none
     * @param slot         what rows go through: an adapter's slot, or {@link Batch#BASE}
     * @param tokensAtOnce tokens of a pass; a longer row has a pass of its own
     */
    public ReplyReader(CausalLm model, Adapters adapters, int slot, int tokensAtOnce) {
        this.model = model;
        this.adapters = adapters;
        this.slot = slot;
        this.tokensAtOnce = tokensAtOnce;
    }

    /**
     * Means alone: the head, and so the log-probabilities, are left out.
     *
     * @param rows   each with a reply
     * @param layers which, from 0
     */
    public void means(List<EncodedRow> rows, IntPredicate layers, Sink to) {
        read(rows, false, layers, to);
    }

    /**
     * Log-probabilities and means.
     *
     * @param rows   each with a reply that does not begin with the row's first token, which nothing predicts
     * @param layers which, from 0; none for log-probabilities alone
     */
    public void replies(List<EncodedRow> rows, IntPredicate layers, Sink to) {
        read(rows, true, layers, to);
    }

    /** How many passes it takes to read rows. */
    public static int passes(List<EncodedRow> rows, int tokensAtOnce) {
        int passes = 0;
        for (int start = 0; start < rows.size(); start = end(rows, start, tokensAtOnce)) {
            passes++;
        }
        return passes;
    }

    /** The row behind those of a pass. */
    private static int end(List<EncodedRow> rows, int start, int tokensAtOnce) {
        int tokens = rows.get(start).length();
        int end = start + 1;
        while (end < rows.size() && tokens + rows.get(end).length() <= tokensAtOnce) {
            tokens += rows.get(end).length();
            end++;
        }
        return end;
    }

    private void read(List<EncodedRow> rows, boolean scored, IntPredicate layers, Sink to) {
        int start = 0;
        while (start < rows.size()) {
            int end = end(rows, start, tokensAtOnce);
            List<Reply> replies = pass(rows.subList(start, end), scored, layers);
            for (int i = 0; i < replies.size(); i++) {
                to.take(start + i, replies.get(i));
            }
            start = end;
        }
    }

    private List<Reply> pass(List<EncodedRow> rows, boolean scored, IntPredicate layers) {
        Batch whole = Packing.of(rows, slot);
        Batch marked = marked(rows, whole, true);
        Batch batch = scored ? whole : marked(rows, whole, false);
        List<double[][]> means = new ArrayList<>();
        int depth = model.config().layers();
        rows.forEach(_ -> means.add(new double[depth][]));
        float[] tokenLogp = new float[batch.targetCount()];
        boolean none = true;
        for (int layer = 0; layer < depth; layer++) {
            none &= !layers.test(layer);
        }
        if (none) {
            model.forward(tokenLogp, batch, adapters, false);
        } else {
            int width = model.config().hiddenSize();
            StreamReading reading =
                    new StreamReading(marked, layers, (layer, values) -> average(means, layer, values, marked, width));
            model.forward(tokenLogp, batch, adapters, reading);
        }
        double[] logp = new double[rows.size()];
        for (int i = 0; i < tokenLogp.length; i++) {
            logp[batch.targetSequence(i)] += tokenLogp[i];
        }
        List<Reply> replies = new ArrayList<>();
        for (int i = 0; i < rows.size(); i++) {
            replies.add(new Reply(logp[i], means.get(i)));
        }
        return replies;
    }

    /** The same tokens with a target on those of the replies, or on none: which of them are read, and nothing of what follows. */
    private static Batch marked(List<EncodedRow> rows, Batch whole, boolean replies) {
        int n = whole.tokenCount();
        int[] tokens = new int[n];
        int[] positions = new int[n];
        int[] targets = new int[n];
        int[] starts = new int[rows.size() + 1];
        int[] slots = new int[rows.size()];
        Arrays.fill(targets, Batch.NO_TARGET);
        for (int t = 0; t < n; t++) {
            tokens[t] = whole.token(t);
            positions[t] = whole.position(t);
        }
        for (int s = 0; s < slots.length; s++) {
            boolean any = false;
            boolean[] reply = rows.get(s).target();
            starts[s] = whole.start(s);
            slots[s] = whole.slot(s);
            for (int t = 0; t < reply.length; t++) {
                any |= reply[t];
                if (replies && reply[t]) {
                    targets[starts[s] + t] = tokens[starts[s] + t];
                }
            }
            if (!any) {
                throw new IllegalArgumentException(rows.get(s) + " has no reply");
            }
        }
        starts[slots.length] = n;
        return new Batch(tokens, positions, targets, starts, slots);
    }

    private static void average(List<double[][]> means, int layer, float[] values, Batch marked, int width) {
        int[] counts = new int[means.size()];
        for (int i = 0; i < marked.targetCount(); i++) {
            int row = marked.targetSequence(i);
            double[][] own = means.get(row);
            if (own[layer] == null) {
                own[layer] = new double[width];
            }
            double[] sum = own[layer];
            counts[row]++;
            for (int c = 0; c < width; c++) {
                sum[c] += values[i * width + c];
            }
        }
        for (int row = 0; row < counts.length; row++) {
            double[] sum = means.get(row)[layer];
            for (int c = 0; c < width; c++) {
                sum[c] /= counts[row];
            }
        }
    }
}
