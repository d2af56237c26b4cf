package candor.train;

import candor.ops.Philox;

/**
 * What a run's adapter drops in one optimiser step: the keys of the step's sequences, for {@link candor.ops.Batch#dropping}.
 * They follow from the run's seed, the step and the row, so a row meets another mask in each step, and the same one wherever
 * and beside whatever it is computed.
 *
 * @param seed of the run
 * @param step optimiser steps done before this one
 */
record Masks(long seed, long step) {
    /** Keeps these numbers apart from whatever else is drawn under the seed. */
    private static final int PURPOSE = 0x64726f70;

    /** Of a row that is learnt from. */
    long row(int row) {
        return key(row, PURPOSE);
    }

    /** Of a row's prompt with another row's completion, as KTO estimates its KL term by. */
    long pair(int row) {
        return key(row, PURPOSE + 1);
    }

    /** Of a probe's reply. */
    long probe(int row) {
        return key(row, PURPOSE + 2);
    }

    private long key(int row, int purpose) {
        int[] words = new int[4];
        Philox.words(words, seed, (int) step, (int) (step >>> 32), row, purpose);
        return (words[0] & 0xFFFFFFFFL) | (long) words[1] << 32;
    }
}
