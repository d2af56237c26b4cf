package candor.ops;

/**
 * Random numbers from a counter, without a state: Philox 4×32 with ten rounds (Salmon et al. 2011, "Parallel random
 * numbers: as easy as 1, 2, 3"). The same key and counter give the same four words on every machine and in any order,
 * so what is drawn for one element does not depend on what was drawn before it.
 */
public final class Philox {
    private static final int ROUNDS = 10;
    private static final long MULTIPLIER_0 = 0xD2511F53L;
    private static final long MULTIPLIER_1 = 0xCD9E8D57L;
    private static final int WEYL_0 = 0x9E3779B9;
    private static final int WEYL_1 = 0xBB67AE85;
    private static final long LOW = 0xFFFFFFFFL;

    private Philox() {}

    /** Puts four random words into {@code out}, for this key (a seed) and this counter. */
    public static void words(int[] out, long key, int c0, int c1, int c2, int c3) {
        int k0 = (int) key;
        int k1 = (int) (key >>> 32);
        for (int round = 0; round < ROUNDS; round++) {
            long p0 = MULTIPLIER_0 * (c0 & LOW);
            long p1 = MULTIPLIER_1 * (c2 & LOW);
            c0 = (int) (p1 >>> 32) ^ c1 ^ k0;
            c1 = (int) p1;
            c2 = (int) (p0 >>> 32) ^ c3 ^ k1;
            c3 = (int) p0;
            k0 += WEYL_0;
            k1 += WEYL_1;
        }
        out[0] = c0;
        out[1] = c1;
        out[2] = c2;
        out[3] = c3;
    }

    /** A number in [0, 1), a multiple of 2⁻²⁴ and so exact in float32, from the upper bits of a word. */
    public static float uniform(int word) {
        return (word >>> 8) * 0x1p-24f;
    }
}
