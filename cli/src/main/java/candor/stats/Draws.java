package candor.stats;

import org.apache.commons.rng.UniformRandomProvider;
import org.apache.commons.rng.simple.RandomSource;

/**
 * Random numbers for resampling: WELL19937c (Panneton, L'Ecuyer and Matsumoto 2006, Improved Long-Period Generators Based on Linear
 * Recurrences Modulo 2). How its bits become a number below a bound is written here, so that no version of a library changes an interval.
 */
final class Draws {
    private final UniformRandomProvider bits;

    /** @param seed the same one gives the same numbers */
    Draws(long seed) {
        bits = RandomSource.WELL_19937_C.create(new int[] {(int) (seed >>> 32), (int) seed});
    }

    /** 64 bits. */
    long bits() {
        return bits.nextLong();
    }

    /** From 0 to bound − 1, each as likely: draws of 31 bits that would favour the lower ones are left out. */
    int below(int bound) {
        if (Integer.bitCount(bound) == 1) {
            return (int) (bound * (long) (bits.nextInt() >>> 1) >> 31);
        }
        int drawn;
        int value;
        do {
            drawn = bits.nextInt() >>> 1;
            value = drawn % bound;
        } while (drawn - value + (bound - 1) < 0);
        return value;
    }
}
