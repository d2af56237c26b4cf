package candor.ops.cpu;

import candor.ops.TokenDraw;
import candor.ops.op.SampleTokens;
import java.util.Arrays;

/** Chooses tokens as {@link SampleTokens} says. For one caller at a time; allocates nothing once it is warm. */
final class TokenSampler {
    /** Of a weight, at most: as fine as float64 makes probabilities of logits. */
    private static final int MOST_BITS = 44;

    /** A share of the weight so close to all of it that no token is left out beforehand. */
    private static final double NEARLY_ALL = 1 - 1e-9;

    /** 2ˣ for x from −½ to ½: ln(2)ᵏ / k!, from k = 12 down; the error is some 2⁻⁵². */
    private static final double[] EXPONENTIAL = {
        0x1.c3bd650fc2986p-36,
        0x1.e8cac7351bb25p-32,
        0x1.e4cf5158b8ecap-28,
        0x1.b5253d395e7c4p-24,
        0x1.62c0223a5c824p-20,
        0x1.ffcbfc588b0c7p-17,
        0x1.430912f86c787p-13,
        0x1.5d87fe78a6731p-10,
        0x1.3b2ab6fba4e77p-7,
        0x1.c6b08d704a0c0p-5,
        0x1.ebfbdff82c58fp-3,
        0x1.62e42fefa39efp-1,
        1
    };

    /** Of a row, to find the top-k tokens in. */
    private static final int BLOCKS = 1024;

    private final float[] largest = new float[BLOCKS];
    private long[] weights = new long[0];
    /** Candidates by falling logit, then rising id: see {@link #order}. */
    private long[] candidates = new long[0];

    /**
     * The token, or {@link SampleTokens#NO_TOKEN}.
     *
     * @param logits of a row, the first {@code n}, behind the penalty
     * @param draw   one that wants a token
     */
    int choose(float[] logits, int n, TokenDraw draw) {
        float max = Argmax.max(logits, 0, n);
        if (!Float.isFinite(max)) {
            return SampleTokens.NO_TOKEN;
        }
        if (draw.likeliest()) {
            return Argmax.first(logits, 0, n, max);
        }
        if (weights.length < n) {
            weights = new long[n];
        }
        if (draw.topK() > 0 && draw.topK() < n) {
            return amongTop(logits, n, draw, max);
        }
        int bits = bits(n);
        double scale = draw.scale();
        long sum = 0;
        for (int v = 0; v < n; v++) {
            weights[v] = weigh(logits[v], max, scale, bits);
            sum += weights[v];
        }
        return draw.topK() > 0 || draw.topP() < 1
                ? amongSorted(logits, n, draw, sum)
                : amongAll(n, part(draw.uniform(), sum));
    }

    /** So many that n weights have a sum below 2⁶². */
    private static int bits(int n) {
        return Math.min(MOST_BITS, 62 - (Integer.SIZE - Integer.numberOfLeadingZeros(n)));
    }

    /** Every step is rounded as sample.cu rounds it. */
    private static long weigh(float logit, float max, double scale, int bits) {
        double power = ((double) logit - max) * scale;
        if (!(power > -(bits + 2))) {
            return 0;
        }
        double whole = Math.rint(power);
        double rest = power - whole;
        double value = EXPONENTIAL[0];
        for (int k = 1; k < EXPONENTIAL.length; k++) {
            value = Math.fma(value, rest, EXPONENTIAL[k]);
        }
        double unit = Double.longBitsToDouble((long) ((int) whole + bits + 1023) << 52);
        return (long) Math.fma(value, unit, 0.5);
    }

    /** A random number times a sum: a whole number below it. */
    private static long part(double uniform, long sum) {
        return Math.min((long) (uniform * sum), sum - 1);
    }

    private int amongAll(int n, long left) {
        int v = 0;
        while (v < n - 1 && left >= weights[v]) {
            left -= weights[v++];
        }
        return v;
    }

    /** Of the top-k tokens: others are not even weighed, but for few. */
    private int amongTop(float[] logits, int n, TokenDraw draw, float max) {
        int topK = draw.topK();
        float least = leastOf(logits, n, topK);
        int bits = bits(n);
        double scale = draw.scale();
        room(n);
        int count = 0;
        for (int v = 0; v < n; v++) {
            if (logits[v] >= least) {
                weights[v] = weigh(logits[v], max, scale, bits);
                if (weights[v] > 0) {
                    candidates[count++] = order(logits[v], v);
                }
            }
        }
        Arrays.sort(candidates, 0, count);
        count = Math.min(count, topK);
        long sum = 0;
        for (int i = 0; i < count; i++) {
            sum += weights[(int) candidates[i]];
        }
        return choose(count, draw, sum);
    }

    /** A logit that so many tokens reach, of all these at least: the k-th largest of the blocks' largest ones. */
    private float leastOf(float[] logits, int n, int topK) {
        if (topK > BLOCKS || n < 8 * BLOCKS) {
            return Float.NEGATIVE_INFINITY;
        }
        for (int block = 0; block < BLOCKS; block++) {
            int from = (int) ((long) block * n / BLOCKS);
            largest[block] = Argmax.max(logits, from, (int) ((block + 1L) * n / BLOCKS) - from);
        }
        Arrays.sort(largest);
        return largest[BLOCKS - topK];
    }

    private int amongSorted(float[] logits, int n, TokenDraw draw, long sum) {
        // All tokens up to this weight have less than 1 − topP together: the set never needs them.
        long least = draw.topP() > NEARLY_ALL ? 0 : (long) (0.999 * sum * (1 - draw.topP()) / n);
        room(n);
        int count = 0;
        for (int v = 0; v < n; v++) {
            if (weights[v] > least) {
                candidates[count++] = order(logits[v], v);
            }
        }
        Arrays.sort(candidates, 0, count);
        return choose(count, draw, sum);
    }

    private void room(int n) {
        if (candidates.length < n) {
            candidates = new long[n];
        }
    }

    /**
     * Of sorted candidates, as many as top-p needs.
     *
     * @param sum of the tokens that top-p is a share of
     */
    private int choose(int count, TokenDraw draw, long sum) {
        long wanted = Math.min(Math.max((long) Math.ceil(sum * draw.topP()), 1), sum);
        long chosen = 0;
        int kept = 0;
        while (kept < count && chosen < wanted) {
            chosen += weights[(int) candidates[kept++]];
        }
        long left = part(draw.uniform(), chosen);
        int i = 0;
        while (i < kept - 1 && left >= weights[(int) candidates[i]]) {
            left -= weights[(int) candidates[i++]];
        }
        return (int) candidates[i];
    }

    /** A number whose rising order is the falling one of logits, then the rising one of ids; its low half is the id. */
    private static long order(float logit, int id) {
        int bits = Float.floatToIntBits(logit + 0f); // −0 and 0 are equal
        int rising = bits ^ ((bits >> 31) & 0x7fffffff);
        return ((long) ~rising << 32) | id;
    }
}
