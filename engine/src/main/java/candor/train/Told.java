package candor.train;

import candor.comm.Communicator;
import candor.train.distributed.Division;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;

/**
 * What processes tell one another of a step's rows: each the numbers of its own micro-batches, so that all of them know those of
 * all, and judge alike.
 */
record Told(Communicator comm, Division division) {
    /** Takes in the numbers of a micro-batch. */
    @FunctionalInterface
    interface Taker {
        void take(OptimiserStep step, int microBatch, double[] numbers);
    }

    /**
     * Shares the numbers of all micro-batches of all runs.
     *
     * @param perRow  how many numbers a row has
     * @param numbers of a run's micro-batch that was computed here, row by row
     * @param taker   of those that were computed elsewhere
     */
    void share(
            List<OptimiserStep> steps, int perRow, BiFunction<OptimiserStep, Integer, double[]> numbers, Taker taker) {
        if (comm.size() == 1) {
            return;
        }
        List<double[]> own = new ArrayList<>();
        for (int m = division.from(comm.rank()); m < division.to(comm.rank()); m++) {
            for (OptimiserStep step : steps) {
                own.add(numbers.apply(step, m));
            }
        }
        ByteBuffer bytes = ByteBuffer.allocate(
                Double.BYTES * own.stream().mapToInt(each -> each.length).sum());
        own.forEach(each -> {
            for (double number : each) {
                bytes.putDouble(number);
            }
        });
        List<byte[]> all = comm.allGather(bytes.array());
        for (int rank = 0; rank < all.size(); rank++) {
            ByteBuffer theirs = ByteBuffer.wrap(all.get(rank));
            for (int m = division.from(rank); rank != comm.rank() && m < division.to(rank); m++) {
                for (OptimiserStep step : steps) {
                    double[] each = new double[perRow * step.rows(m).size()];
                    for (int i = 0; i < each.length; i++) {
                        each[i] = theirs.getDouble();
                    }
                    taker.take(step, m, each);
                }
            }
        }
    }
}
