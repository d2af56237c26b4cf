package candor.data;

import candor.BadInput;
import candor.data.Draws.Purpose;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Says which rows make which micro-batch of which optimiser step, epoch after epoch, without end. Rows are never split,
 * and neither are groups of rows that stay together.
 *
 * <p>An epoch takes every row once: in the order of the data, or shuffled anew by (seed, epoch). Micro-batches are
 * either so many rows in that order, or packed to a budget of tokens ({@link FirstFit}). An optimiser step is
 * {@code gradientAccumulationSteps} micro-batches; what is left at the end of an epoch makes a shorter step, as in
 * transformers. A batcher's place is its {@link State} alone: {@link #resume} goes on from there with the same batches.
 */
public final class Batcher {
    /** How micro-batches are made. */
    public sealed interface MicroBatches {
        /** So many rows, or groups of rows, in the epoch's order. */
        record Rows(int count) implements MicroBatches {
            public Rows {
                if (count < 1) {
                    throw new BadInput("a micro-batch needs at least one row, not " + count);
                }
            }
        }

        /**
         * Rows of at most {@code tokens} tokens together.
         *
         * @param tokens the budget; no row, or group of rows, may be longer
         * @param window so many rows or groups of the epoch's order are packed among each other
         */
        record Tokens(int tokens, int window) implements MicroBatches {
            /** Enough rows for tight packing, few enough that the order stays random. */
            public static final int DEFAULT_WINDOW = 1024;

            public Tokens {
                if (tokens < 1 || window < 1) {
                    throw new BadInput(
                            "a budget of " + tokens + " tokens in windows of " + window + " rows packs nothing");
                }
            }
        }
    }

    /**
     * How batches are made.
     *
     * @param microBatches by rows or by tokens
     * @param gradientAccumulationSteps micro-batches in an optimiser step
     * @param shuffle whether each epoch has its own order
     * @param seed of that order
     * @param group so many rows in turn stay together: they are ordered, counted and packed as one
     */
    public record Settings(
            MicroBatches microBatches, int gradientAccumulationSteps, boolean shuffle, long seed, int group) {
        /** Each row by itself. */
        public Settings(MicroBatches microBatches, int gradientAccumulationSteps, boolean shuffle, long seed) {
            this(microBatches, gradientAccumulationSteps, shuffle, seed, 1);
        }

        public Settings {
            if (gradientAccumulationSteps < 1) {
                throw new BadInput("gradient accumulation needs at least one step, not " + gradientAccumulationSteps);
            }
        }
    }

    /**
     * A batcher's place: the next step is number {@code step} of epoch {@code epoch}, both from 0.
     *
     * @param seed the seed, so that another one is noticed
     * @param rows how many rows there are, so that other data is noticed
     */
    public record State(long seed, int rows, int epoch, int step) {}

    /**
     * An optimiser step.
     *
     * @param epoch from 0
     * @param index the step's number in its epoch, from 0
     * @param stepsInEpoch how many steps the epoch has
     * @param microBatches indices of rows
     */
    public record Step(int epoch, int index, int stepsInEpoch, List<List<Integer>> microBatches) {
        /** The rows of all micro-batches, in order. */
        public List<Integer> rows() {
            return microBatches.stream().flatMap(List::stream).toList();
        }
    }

    private final int rows;
    /** Of each group. */
    private final int[] lengths;

    private final Settings settings;
    private int epoch;
    private int step;
    private List<List<Integer>> planned;

    /**
     * Starts at the first step.
     *
     * @param lengths each row's tokens, as cut; micro-batches by rows do not look at them
     */
    public Batcher(int[] lengths, Settings settings) {
        if (lengths.length == 0) {
            throw new BadInput("there is no row to train on");
        }
        int group = settings.group();
        if (lengths.length % group != 0) {
            throw new IllegalArgumentException(lengths.length + " rows are no groups of " + group);
        }
        rows = lengths.length;
        this.lengths = new int[rows / group];
        for (int row = 0; row < rows; row++) {
            this.lengths[row / group] += lengths[row];
        }
        if (settings.microBatches() instanceof MicroBatches.Tokens(int tokens, int window)) {
            for (int i = 0; i < this.lengths.length; i++) {
                if (this.lengths[i] > tokens) {
                    throw new BadInput(
                            "row " + i * group + " has " + this.lengths[i] + " tokens, more than the " + tokens
                                    + " of a packed batch",
                            "lower {max_length}");
                }
            }
        }
        this.settings = settings;
        planned = plan(0);
    }

    /** Starts where another batcher of the same rows and settings stood. */
    public static Batcher resume(int[] lengths, Settings settings, State state) {
        if (state.seed() != settings.seed() || state.rows() != lengths.length) {
            throw new BadInput("the checkpoint was made with seed " + state.seed() + " and " + state.rows()
                    + " rows, not with seed " + settings.seed() + " and " + lengths.length);
        }
        Batcher batcher = new Batcher(lengths, settings);
        if (state.epoch() < 0 || state.step() < 0) {
            throw new BadInput("the checkpoint's place in the data is no place: " + state);
        }
        batcher.epoch = state.epoch();
        batcher.planned = batcher.plan(state.epoch());
        if (state.step() >= batcher.stepsOf(batcher.planned)) {
            throw new BadInput("the checkpoint stands at step " + state.step() + " of an epoch that has "
                    + batcher.stepsOf(batcher.planned));
        }
        batcher.step = state.step();
        return batcher;
    }

    /** Where {@link #next} stands. */
    public State state() {
        return new State(settings.seed(), rows, epoch, step);
    }

    /** The place behind a step, for a taker of steps that were planned ahead of it. */
    public State after(Step step) {
        boolean last = step.index() == step.stepsInEpoch() - 1;
        return new State(settings.seed(), rows, step.epoch() + (last ? 1 : 0), last ? 0 : step.index() + 1);
    }

    /** The next optimiser step; behind an epoch's last one comes the next epoch's first. */
    public Step next() {
        int steps = stepsOf(planned);
        int first = step * settings.gradientAccumulationSteps();
        int end = Math.min(planned.size(), first + settings.gradientAccumulationSteps());
        Step result = new Step(epoch, step, steps, List.copyOf(planned.subList(first, end)));
        step++;
        if (step == steps) {
            epoch++;
            step = 0;
            planned = plan(epoch);
        }
        return result;
    }

    /** How many optimiser steps the first epochs have; packed epochs may differ in their steps. */
    public long stepsIn(int epochs) {
        if (settings.microBatches() instanceof MicroBatches.Rows) {
            return (long) epochs * stepsOf(plan(0));
        }
        long steps = 0;
        for (int e = 0; e < epochs; e++) {
            steps += stepsOf(plan(e));
        }
        return steps;
    }

    private int stepsOf(List<List<Integer>> microBatches) {
        return Math.ceilDiv(microBatches.size(), settings.gradientAccumulationSteps());
    }

    /** Micro-batches of rows, in an epoch's order. */
    private List<List<Integer>> plan(int epoch) {
        List<List<Integer>> groups = planGroups(epoch);
        int group = settings.group();
        return group == 1
                ? groups
                : groups.stream()
                        .map(microBatch -> microBatch.stream()
                                .flatMap(g -> IntStream.range(g * group, (g + 1) * group)
                                        .boxed())
                                .toList())
                        .toList();
    }

    private List<List<Integer>> planGroups(int epoch) {
        int[] order = settings.shuffle()
                ? new Draws(settings.seed(), Purpose.SHUFFLE, epoch).permutation(lengths.length)
                : IntStream.range(0, lengths.length).toArray();
        List<List<Integer>> microBatches = new ArrayList<>();
        switch (settings.microBatches()) {
            case MicroBatches.Rows(int count) -> {
                for (int start = 0; start < order.length; start += count) {
                    microBatches.add(boxed(order, start, Math.min(order.length, start + count)));
                }
            }
            case MicroBatches.Tokens(int tokens, int window) -> {
                for (int start = 0; start < order.length; start += window) {
                    List<Integer> rows = boxed(order, start, Math.min(order.length, start + window));
                    List<List<Integer>> bins = FirstFit.decreasing(rows, row -> lengths[row], tokens);
                    int[] places = settings.shuffle()
                            ? new Draws(settings.seed(), Purpose.BINS, epoch, start).permutation(bins.size())
                            : null;
                    for (int i = 0; i < bins.size(); i++) {
                        microBatches.add(bins.get(places == null ? i : places[i]));
                    }
                }
            }
        }
        return microBatches;
    }

    private static List<Integer> boxed(int[] order, int start, int end) {
        return IntStream.range(start, end).mapToObj(i -> order[i]).toList();
    }
}
