package candor.data;

import candor.data.Draws.Purpose;
import java.util.List;
import java.util.stream.IntStream;

/** Whose completion stands in for a row's own in the KL term of KTO. */
public enum KlPairing {
    /**
     * Partners are drawn from the whole data, once: one random cycle through all its rows, a function of the seed alone, so that every
     * completion is used once in an epoch, and no row is its own partner. Partners never change.
     */
    DATA {
        @Override
        public Partners partners(int size, long seed) {
            int[] cycle = new Draws(seed, Purpose.KL_PARTNERS).cycle(size);
            return step -> step.rows().stream().mapToInt(row -> cycle[row]).toArray();
        }
    },

    /**
     * Partners are drawn from the step, in each step anew: one random cycle through all its rows, so that every completion is used once
     * and no row is its own partner. A row that is alone in its step takes the completion of the row before it in the data.
     */
    STEP {
        @Override
        public Partners partners(int size, long seed) {
            return step -> {
                List<Integer> rows = step.rows();
                int[] cycle = new Draws(seed, Purpose.KL_PARTNERS, step.epoch(), step.index()).cycle(rows.size());
                return IntStream.range(0, rows.size())
                        .map(i -> rows.size() == 1 ? Math.floorMod(rows.getFirst() - 1, size) : rows.get(cycle[i]))
                        .toArray();
            };
        }
    },

    /**
     * TRL: inside each micro-batch row i takes the completion of row i−1, and the first takes that of the last. A row that is alone in its
     * micro-batch is its own partner, and its KL estimate is that of its own completion.
     */
    TRL {
        @Override
        public Partners partners(int size, long seed) {
            return step -> step.microBatches().stream()
                    .flatMapToInt(rows ->
                            IntStream.range(0, rows.size()).map(i -> rows.get(Math.floorMod(i - 1, rows.size()))))
                    .toArray();
        }
    },

    /**
     * LLaMA-Factory: the data, in the order of the file, is cut into groups of 1000; in each, row i takes the completion of row i−1, and
     * the first takes that of the last. That is before any shuffling, so that partners never change.
     */
    LLAMA_FACTORY {
        @Override
        public Partners partners(int size, long seed) {
            return step -> step.rows().stream()
                    .mapToInt(row -> row % GROUP > 0 ? row - 1 : Math.min(row + GROUP, size) - 1)
                    .toArray();
        }
    };

    /** The partners in some data. */
    @FunctionalInterface
    public interface Partners {
        /** The partner of each row of a step, in the step's order, as rows of the data. */
        int[] of(Batcher.Step step);
    }

    /** LLaMA-Factory's default {@code preprocessing_batch_size}. */
    private static final int GROUP = 1000;

    /**
     * The partners in data.
     *
     * @param size how many rows it has
     */
    public abstract Partners partners(int size, long seed);

    /** Whether a row has the same partner in all epochs, so that the reference of the pair is computed once. */
    public boolean staysTheSame() {
        return switch (this) {
            case DATA, LLAMA_FACTORY -> true;
            case STEP, TRL -> false;
        };
    }
}
