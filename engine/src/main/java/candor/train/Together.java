package candor.train;

import java.util.function.IntUnaryOperator;

/**
 * Which micro-batches of a step share a pass: neighbours, as long as they are together no more than the largest pass. Each has
 * gradients of its own ({@link Slots#policy(int)}), which are summed as if it had been alone, so that it changes no byte; a device
 * with short rows is filled by it.
 *
 * @param most    micro-batches in a pass with gradients
 * @param tokens  of a pass
 * @param targets of a pass
 */
record Together(int most, int tokens, int targets) {
    /** Each by itself. */
    static final Together NONE = new Together(1, Integer.MAX_VALUE, Integer.MAX_VALUE);

    /** More are of little use: passes are long enough then. */
    private static final int MOST = 8;

    /** So many of a run, where a mean micro-batch has so many tokens and the largest pass so many. */
    static int wanted(int accumulation, double mean, int largest) {
        return Math.clamp((long) Math.ceil(largest / Math.max(1, mean)), 1, Math.min(MOST, accumulation));
    }

    /**
     * Where the pass ends that begins with a micro-batch.
     *
     * @param from    its number
     * @param end     behind the last one
     * @param tokens  of each, by its number
     * @param targets the same
     */
    int end(int from, int end, IntUnaryOperator tokens, IntUnaryOperator targets) {
        long taken = tokens.applyAsInt(from);
        long learnt = targets.applyAsInt(from);
        int to = from + 1;
        while (to < end && to - from < most) {
            taken += tokens.applyAsInt(to);
            learnt += targets.applyAsInt(to);
            if (taken > this.tokens || learnt > this.targets) {
                break;
            }
            to++;
        }
        return to;
    }

    /** How many passes these micro-batches are. */
    int passes(int from, int end, IntUnaryOperator tokens, IntUnaryOperator targets) {
        int passes = 0;
        for (int m = from; m < end; m = end(m, end, tokens, targets)) {
            passes++;
        }
        return passes;
    }
}
