package candor.ops.weight;

/**
 * The sixteen values of NF4, "normal float": quantiles of a normal distribution, scaled to −1 … 1, with an exact zero (Dettmers
 * et al. 2023, QLoRA, arXiv 2305.14314, appendix E).
 */
public final class Nf4Code {
    private static final float[] VALUES = {
        -1.0f,
        -0.6961928009986877f,
        -0.5250730514526367f,
        -0.39491748809814453f,
        -0.28444138169288635f,
        -0.18477343022823334f,
        -0.09105003625154495f,
        0.0f,
        0.07958029955625534f,
        0.16093020141124725f,
        0.24611230194568634f,
        0.33791524171829224f,
        0.44070982933044434f,
        0.5626170039176941f,
        0.7229568362236023f,
        1.0f
    };

    /** Pieces of −1 … 1 so narrow that no two midpoints are in one. */
    private static final int PIECES = 256;

    /** Midpoint between a value and the next; none behind the last. */
    private static final float[] BOUNDS = new float[VALUES.length];

    /** The smallest code of a number in a piece. */
    private static final byte[] FIRST = new byte[PIECES + 1];

    static {
        for (int code = 0; code + 1 < VALUES.length; code++) {
            BOUNDS[code] = (VALUES[code] + VALUES[code + 1]) / 2;
        }
        BOUNDS[VALUES.length - 1] = Float.POSITIVE_INFINITY;
        for (int piece = 0; piece <= PIECES; piece++) {
            while (piece(BOUNDS[FIRST[piece]]) < piece) {
                FIRST[piece]++;
            }
        }
    }

    private Nf4Code() {}

    /** The values by their codes. */
    public static float[] values() {
        return VALUES.clone();
    }

    static float value(int code) {
        return VALUES[code];
    }

    /**
     * The code of the nearest value, of two the smaller.
     *
     * @param normalised −1 … 1
     */
    static int nearest(float normalised) {
        int code = FIRST[piece(normalised)];
        return normalised > BOUNDS[code] ? code + 1 : code;
    }

    /** Never falls where numbers rise, so what is in a later piece is larger. */
    private static int piece(float normalised) {
        return (int) Math.min(PIECES, (normalised + 1) * (PIECES / 2));
    }
}
