package candor.data;

import candor.data.Draws.Purpose;

/**
 * Takes a few of n things at a time, all of them once before any comes again, each round in another order. What is taken is a
 * function of the seed and of how often was taken before.
 */
public final class Rotation {
    private Rotation() {}

    /**
     * The numbers that are taken.
     *
     * @param turn  how often was taken before
     * @param count how many are taken at a time
     * @param n     how many there are
     */
    public static int[] at(long turn, int count, int n, long seed) {
        int[] taken = new int[count];
        long round = -1;
        int[] order = null;
        for (int i = 0; i < count; i++) {
            long place = Math.addExact(Math.multiplyExact(turn, count), i);
            if (place / n != round) {
                round = place / n;
                order = new Draws(seed, Purpose.ROTATION, round).permutation(n);
            }
            taken[i] = order[(int) (place % n)];
        }
        return taken;
    }
}
