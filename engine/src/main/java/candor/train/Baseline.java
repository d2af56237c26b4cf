package candor.train;

import candor.data.Batcher;
import candor.data.Dataset;
import candor.data.EncodedRow;
import candor.data.KlPairing;
import candor.ops.Batch;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;

/**
 * What KTO wants to know of an optimiser step before gradients flow: the reference's log-probability of every row, and how
 * far the policy has left the reference on mismatched pairs. All of it is asked for in passes without gradients, policy and
 * reference side by side; what the cache knows is not asked for again.
 */
final class Baseline {
    private final Dataset data;
    private final ReferenceCache cache;
    private final int policy;
    private final int reference;
    private final Masks masks;
    private final List<List<Entry>> microBatches = new ArrayList<>();

    /** A row of the step, its mismatched pair, and the numbers of what was asked for in the pass; −1 for nothing. */
    private static final class Entry {
        final EncodedRow row;
        final EncodedRow pair;
        int policyPair = -1;
        int referencePair = -1;
        int referenceRow = -1;
        double kl;
        double referenceLogp;

        Entry(EncodedRow row, EncodedRow pair) {
            this.row = row;
            this.pair = pair;
        }
    }

    /**
     * @param policy    slot of the adapter that is trained
     * @param reference slot of its frozen copy, or {@link Batch#BASE}
     * @param masks     what the adapter that is trained drops, or null where it drops nothing; the reference drops nothing
     */
    Baseline(
            Dataset data,
            ReferenceCache cache,
            int policy,
            int reference,
            Batcher.Step step,
            KlPairing pairing,
            long seed,
            Masks masks) {
        this.data = data;
        this.cache = cache;
        this.policy = policy;
        this.reference = reference;
        this.masks = masks;
        int[] partners = pairing.partners(step, data.size(), seed);
        int at = 0;
        for (List<Integer> microBatch : step.microBatches()) {
            List<Entry> entries = new ArrayList<>();
            for (int row : microBatch) {
                entries.add(new Entry(data.row(row), data.pair(row, partners[at++])));
            }
            microBatches.add(entries);
        }
    }

    int microBatches() {
        return microBatches.size();
    }

    void ask(int microBatch, Pass pass) {
        for (Entry entry : microBatches.get(microBatch)) {
            entry.policyPair = pass.add(entry.pair, policy, masks == null ? null : masks.pair(entry.row.row()));
            OptionalDouble known = cache.get(entry.pair);
            if (known.isPresent()) {
                entry.kl = -known.getAsDouble();
            } else {
                entry.referencePair = pass.add(entry.pair, reference);
            }
            known = cache.get(entry.row);
            if (known.isPresent()) {
                entry.referenceLogp = known.getAsDouble();
            } else {
                entry.referenceRow = pass.add(entry.row, reference);
            }
        }
    }

    void take(int microBatch, Pass pass) {
        for (Entry entry : microBatches.get(microBatch)) {
            if (entry.referencePair >= 0) {
                entry.kl = -pass.logp(entry.referencePair);
                cache.put(entry.pair, pass.logp(entry.referencePair));
            }
            entry.kl += pass.logp(entry.policyPair);
            if (entry.referenceRow >= 0) {
                entry.referenceLogp = pass.logp(entry.referenceRow);
                cache.put(entry.row, entry.referenceLogp);
            }
        }
    }

    /** log π(y'|x) − log π_ref(y'|x) of each pair of a micro-batch. */
    double[] kl(int microBatch) {
        return microBatches.get(microBatch).stream().mapToDouble(e -> e.kl).toArray();
    }

    /** log π_ref(y|x) of a row. */
    double referenceLogp(int microBatch, int row) {
        return microBatches.get(microBatch).get(row).referenceLogp;
    }
}
