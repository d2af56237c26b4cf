package candor.ops;

/**
 * How the next token of a row is chosen, see {@link candor.ops.op.SampleTokens}.
 *
 * @param temperature what logits are divided by; 0 takes the largest logit; below 0, no token is wanted
 * @param topK        how many tokens may be chosen at most; 0 for all
 * @param topP        the share of these tokens' weight that may be chosen from; 1 for all
 * @param penalty     logits of tokens that were seen are divided by it where they are positive, else multiplied; 1 for none
 * @param seen        the tokens that were seen, each as often as it likes; not changed by anyone
 * @param seenCount   how many of {@code seen} those are
 * @param uniform     the random number, in [0, 1)
 */
public record TokenDraw(
        double temperature, int topK, double topP, float penalty, int[] seen, int seenCount, double uniform) {
    private static final int[] NOTHING = new int[0];

    /** The largest logit, of the lowest token among equals. */
    public static final TokenDraw LIKELIEST = new TokenDraw(0, 0, 1, 1, NOTHING, 0, 0);

    /** No token. */
    public static final TokenDraw NONE = new TokenDraw(-1, 0, 1, 1, NOTHING, 0, 0);

    private static final double LOG2_E = 1.4426950408889634;
    /** Of a temperature so low that its inverse has no end: any two logits are as far from each other as can be. */
    private static final double STEEPEST = 1e300;

    public TokenDraw {
        if (!(temperature <= 100 && topK >= 0 && topP > 0 && topP <= 1 && penalty > 0 && uniform >= 0 && uniform < 1)
                || seenCount < 0
                || seenCount > seen.length) {
            throw new IllegalArgumentException(
                    "temperature " + temperature + ", top-k " + topK + ", top-p " + topP + ", penalty " + penalty + ", "
                            + seenCount + " of " + seen.length + " tokens, random number " + uniform);
        }
    }

    /** The same without a penalty. */
    public TokenDraw(double temperature, int topK, double topP, double uniform) {
        this(temperature, topK, topP, 1, NOTHING, 0, uniform);
    }

    /** Whether a token is wanted. */
    public boolean wanted() {
        return temperature >= 0;
    }

    /** Whether the largest logit is taken, whatever the random number. */
    public boolean likeliest() {
        return temperature == 0 || topK == 1;
    }

    /** What differences of logits are multiplied with to be powers of 2: log₂(e) / temperature; the temperature where that is not positive. */
    public double scale() {
        return temperature > 0 ? Math.min(STEEPEST, LOG2_E / temperature) : temperature;
    }
}
