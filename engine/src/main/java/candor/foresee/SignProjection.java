package candor.foresee;

import candor.ops.Philox;

/**
 * A random projection to a fixed width: every parameter is added to one of K cells, with a random sign (the count sketch of
 * Charikar, Chen and Farach-Colton 2002, as feature hashing: Weinberger et al. 2009). Products of projected vectors are those of
 * the vectors on the average, with a variance of at most (‖x‖²‖y‖² + (x·y)²) / K, as with a dense matrix of signs (Achlioptas
 * 2003, which LESS uses), at a cost that does not grow with K.
 *
 * <p>Cell and sign are functions of a seed and the parameter's number ({@link Philox}), so no matrix is kept.
 *
 * @param width K
 * @param seed  of the draws
 */
public record SignProjection(int width, long seed) {
    /** The most cells: those of a batch's rows have to be in memory. */
    public static final int MOST_WIDTH = 1 << 20;

    /** What tells these draws from others under the same seed. */
    private static final int PURPOSE = 0x5CEE;

    public SignProjection {
        if (width < 1 || width > MOST_WIDTH) {
            throw new IllegalArgumentException("a projection to " + width + " cells");
        }
    }

    /**
     * cells += the projection of a piece of a vector.
     *
     * @param cells (K)
     * @param start the number of the piece's first parameter
     * @param piece its first {@code length} values
     */
    public void add(double[] cells, long start, float[] piece, int length) {
        int[] words = new int[4];
        long drawn = -1;
        for (int i = 0; i < length; i++) {
            long number = start + i;
            if (number >>> 2 != drawn) {
                drawn = number >>> 2;
                Philox.words(words, seed, (int) drawn, (int) (drawn >>> 32), PURPOSE, 0);
            }
            int word = words[(int) (number & 3)];
            int cell = (int) (((word >>> 1) * (long) width) >>> 31);
            cells[cell] += (word & 1) == 0 ? piece[i] : -piece[i];
        }
    }
}
