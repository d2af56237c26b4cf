package candor.data;

import candor.data.Draws.Purpose;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Whose completion stands in for a row's own in the KL term of KTO. The rows are those of one optimiser step, numbered
 * through its micro-batches; every completion is used once.
 */
public enum KlPairing {
    /** Partners are drawn from the whole step: one random cycle through all its rows, so that no row is its own partner. */
    STEP {
        @Override
        int[] partners(int[] sizes, Draws draws) {
            return draws.cycle(IntStream.of(sizes).sum());
        }
    },

    /** TRL: inside each micro-batch row i takes the completion of row i−1, and the first takes that of the last. */
    TRL {
        @Override
        int[] partners(int[] sizes, Draws draws) {
            int[] partners = new int[IntStream.of(sizes).sum()];
            int first = 0;
            for (int size : sizes) {
                for (int i = 0; i < size; i++) {
                    partners[first + i] = first + (i + size - 1) % size;
                }
                first += size;
            }
            return partners;
        }
    };

    abstract int[] partners(int[] sizes, Draws draws);

    /**
     * The partner of each row of a step. A step (TRL: a micro-batch) of a single row has nobody else in it: that row is
     * its own partner, as in TRL, and its KL estimate is that of its own completion.
     */
    public int[] partners(Batcher.Step step, long seed) {
        int[] sizes = step.microBatches().stream().mapToInt(List::size).toArray();
        return partners(sizes, new Draws(seed, Purpose.KL_PARTNERS, step.epoch(), step.index()));
    }
}
