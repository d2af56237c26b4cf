package candor.data;

import java.util.stream.IntStream;

/**
 * Random numbers by counter: a draw is a function of a key and an index, so it depends on no draw before it, on no
 * machine and on no thread. The function is the finaliser of SplitMix64 (Steele, Lea, Flood: Fast Splittable
 * Pseudorandom Number Generators, 2014), whose output for the key's state at that index it is.
 */
final class Draws {
    /** What a stream of draws is for; two purposes under one seed share no stream. */
    enum Purpose {
        SAMPLE,
        SPLIT,
        MISALIGNED,
        MIXTURE_DOWNSTREAM,
        MIXTURE_MISALIGNED,
        SHUFFLE,
        BINS,
        KL_PARTNERS,
        MIXED_IN,
        ROTATION
    }

    /** 2^64 divided by the golden ratio, made odd: the step between SplitMix64's states. */
    private static final long STEP = 0x9e3779b97f4a7c15L;

    private final long key;

    /** The stream of a seed, a purpose and numbers that tell streams of one purpose apart (an epoch, a step). */
    Draws(long seed, Purpose purpose, long... numbers) {
        long mixed = mix(mix(seed + STEP) + (purpose.ordinal() + 1) * STEP);
        for (long number : numbers) {
            mixed = mix(mixed + (number + 1) * STEP);
        }
        key = mixed;
    }

    private static long mix(long z) {
        z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        return z ^ (z >>> 31);
    }

    /** 64 random bits. */
    long bits(long index) {
        return mix(key + (index + 1) * STEP);
    }

    /** A number from 0 to {@code bound} − 1; each is met with a probability that is off by less than 2⁻³³. */
    int below(int bound, long index) {
        return (int) Math.unsignedMultiplyHigh(bits(index), bound);
    }

    /** A permutation of 0 … n−1, all equally likely (Fisher and Yates). */
    int[] permutation(int n) {
        int[] order = IntStream.range(0, n).toArray();
        for (int i = order.length - 1; i > 0; i--) {
            int j = below(i + 1, i);
            int kept = order[i];
            order[i] = order[j];
            order[j] = kept;
        }
        return order;
    }

    /** A permutation of 0 … n−1 that is one cycle (Sattolo), so nothing stays in its place if n is above 1. */
    int[] cycle(int n) {
        int[] order = IntStream.range(0, n).toArray();
        for (int i = n - 1; i > 0; i--) {
            int j = below(i, i);
            int kept = order[i];
            order[i] = order[j];
            order[j] = kept;
        }
        return order;
    }
}
