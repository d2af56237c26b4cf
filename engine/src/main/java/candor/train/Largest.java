package candor.train;

import candor.data.Dataset;
import candor.train.config.TrainConfig;
import candor.train.objective.Requirements;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Of the largest pass with gradients, and of the largest without: upper bounds over all steps and evaluations. What is beyond
 * an int is as good as the largest int: no memory takes it.
 *
 * @param longest tokens of the longest sequence
 */
record Largest(int tokens, int targets, int freeTokens, int freeTargets, int longest) {
    /**
     * The longest rows of each run together; packed runs fill their budget.
     *
     * @param cut micro-batches have so many times fewer rows
     */
    static Largest of(List<Prepared.One> runs, int cut) {
        long tokens = 0;
        long targets = 0;
        long freeTokens = 0;
        long freeTargets = 0;
        long heldTokens = 0;
        long heldTargets = 0;
        int longest = 0;
        for (Prepared.One run : runs) {
            TrainConfig.Batching batching = run.config().batching();
            Requirements needs = run.config().task().objective().needs();
            int rows = Math.max(1, batching.rows() / cut) * needs.rows().group();
            long own = batching.packing()
                    ? (long) rows * batching.maxLength()
                    : longest(run.data().lengths(), rows);
            long ownTargets = batching.packing() ? own : longest(targets(run.data()), rows);
            long free = free(needs, own, (long) rows * batching.maxLength());
            long freeOwnTargets = needs.freePasses() * ownTargets;
            if (run.probing() != null) {
                // Probes are a micro-batch of their own, and ask for the reference in a pass of their own.
                long probes = longest(run.probing().lengths(), run.probing().rowsInStep());
                long probesTargets =
                        longest(run.probing().targets(), run.probing().rowsInStep());
                own = Math.max(own, probes);
                ownTargets = Math.max(ownTargets, probesTargets);
                free = Math.max(free, probes);
                freeOwnTargets = Math.max(freeOwnTargets, probesTargets);
            }
            tokens += own;
            targets += ownTargets;
            boolean pairs = needs.mismatched() != null;
            freeTokens += free;
            freeTargets += freeOwnTargets;
            longest = Math.max(longest, longest(run.data(), pairs, batching.maxLength()));
            longest = Math.max(longest, run.longestProbe());
            if (run.heldOut() != null) {
                // Runs are evaluated one after another.
                long held = longest(run.heldOut().lengths(), rows);
                long freeHeld = free(needs, held, (long) rows * batching.maxLength());
                heldTokens = Math.max(heldTokens, Math.max(held, freeHeld));
                heldTargets =
                        Math.max(heldTargets, Math.max(1, needs.freePasses()) * longest(targets(run.heldOut()), rows));
                longest = Math.max(longest, longest(run.heldOut(), pairs, batching.maxLength()));
            }
        }
        for (Prepared.One run : runs) {
            if (run.watching() != null) {
                // As much at once as a pass with gradients has, and a longer sequence alone.
                long all = ProbePlan.tokens(run.watching().probes());
                long asked = Math.max(run.watching().longest(), Math.min(all, tokens));
                heldTokens = Math.max(heldTokens, asked);
                heldTargets = Math.max(heldTargets, asked);
                longest = Math.max(longest, run.watching().longest());
            }
        }
        return new Largest(
                whole(tokens),
                whole(targets),
                whole(Math.max(freeTokens, heldTokens)),
                whole(Math.max(freeTargets, heldTargets)),
                longest);
    }

    /**
     * What goes through in passes without gradients beside so many tokens: each row as often as its objective needs, and
     * where it has a pair, that may be as long as two rows.
     *
     * @param most tokens of rows that are all as long as a row may be
     */
    private static long free(Requirements needs, long own, long most) {
        return needs.freePasses() * (needs.mismatched() == null ? own : Math.min(most, 2 * own));
    }

    private static int whole(long count) {
        return (int) Math.min(count, Integer.MAX_VALUE);
    }

    /** @param pairs whether a prompt may stand before another row's completion */
    private static int longest(Dataset data, boolean pairs, int maxLength) {
        int most = Arrays.stream(data.lengths()).max().orElse(1);
        return pairs ? (int) Math.min(maxLength, 2L * most) : most;
    }

    private static int[] targets(Dataset data) {
        return IntStream.range(0, data.size())
                .map(row -> data.row(row).targets())
                .toArray();
    }

    private static long longest(int[] lengths, int rows) {
        int[] sorted = lengths.clone();
        Arrays.sort(sorted);
        long sum = 0;
        for (int i = 0; i < Math.min(rows, sorted.length); i++) {
            sum += sorted[sorted.length - 1 - i];
        }
        return sum;
    }
}
