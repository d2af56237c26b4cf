package candor.check;

import candor.ops.Batch;
import java.util.Arrays;
import java.util.SplittableRandom;

/** Batches for the cases. */
final class Packed {
    /** Which tokens have a target. */
    enum Targets {
        NONE,
        SOME,
        ALL
    }

    private Packed() {}

    /** For operations that know no batch. */
    static Batch one() {
        return rows(1);
    }

    /** That many tokens: a sequence of length 1, and the rest, so that each can be run alone. */
    static Batch rows(int count) {
        return sequences(count == 1 ? new int[] {1} : new int[] {1, count - 1});
    }

    /** Sequences that run through the base model alone, without targets. */
    static Batch sequences(int... lengths) {
        return of(lengths, bare(lengths.length), 1, Targets.NONE, 0);
    }

    /** No adapter for anyone. */
    static int[] bare(int sequences) {
        int[] slots = new int[sequences];
        Arrays.fill(slots, Batch.BASE);
        return slots;
    }

    /**
     * @param vocabulary    tokens and targets are drawn below it
     * @param firstPosition where each sequence starts to count, as when its head is already in a cache
     */
    static Batch of(int[] lengths, int[] slots, int vocabulary, Targets which, int firstPosition) {
        int[] starts = new int[lengths.length + 1];
        for (int s = 0; s < lengths.length; s++) {
            starts[s + 1] = starts[s] + lengths[s];
        }
        int count = starts[lengths.length];
        int[] tokens = new int[count];
        int[] positions = new int[count];
        int[] targets = new int[count];
        SplittableRandom random = new SplittableRandom(31L * count + vocabulary);
        for (int s = 0; s < lengths.length; s++) {
            for (int row = starts[s]; row < starts[s + 1]; row++) {
                tokens[row] = random.nextInt(vocabulary);
                positions[row] = firstPosition + row - starts[s];
                int target = random.nextInt(vocabulary);
                boolean scored =
                        switch (which) {
                            case NONE -> false;
                            case SOME -> random.nextInt(3) > 0;
                            case ALL -> true;
                        };
                targets[row] = scored ? target : Batch.NO_TARGET;
            }
        }
        return new Batch(tokens, positions, targets, starts, slots);
    }

    /** The sequences {@code from} (inclusive) to {@code to} (exclusive) as a batch of their own. */
    static Batch part(Batch batch, int from, int to) {
        int first = batch.start(from);
        int count = batch.start(to) - first;
        int[] tokens = new int[count];
        int[] positions = new int[count];
        int[] targets = new int[count];
        Arrays.setAll(tokens, row -> batch.token(first + row));
        Arrays.setAll(positions, row -> batch.position(first + row));
        Arrays.setAll(targets, row -> batch.target(first + row));
        int[] starts = new int[to - from + 1];
        int[] slots = new int[to - from];
        Arrays.setAll(starts, s -> batch.start(from + s) - first);
        Arrays.setAll(slots, s -> batch.slot(from + s));
        Batch alone = new Batch(tokens, positions, targets, starts, slots);
        if (!batch.drops()) {
            return alone;
        }
        long[] keys = new long[slots.length];
        Arrays.setAll(keys, s -> batch.dropoutKey(from + s));
        return alone.dropping(keys);
    }

    /** How many targets lie before a sequence. */
    static int targetsBefore(Batch batch, int sequence) {
        int count = 0;
        while (count < batch.targetCount() && batch.targetSequence(count) < sequence) {
            count++;
        }
        return count;
    }
}
