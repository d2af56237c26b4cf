package candor.generate;

import candor.ops.Philox;
import java.util.Arrays;

/**
 * Chooses a token from logits. Random numbers are functions of the seed, the row's key and the position, so a choice depends
 * on no choice before it and on no other row. For one caller at a time; allocates nothing once it is warm.
 */
final class Sampler {
    /** Sets these draws apart from all others under one seed. */
    private static final int PURPOSE = 0x67656e65;

    /** Instead of a token, where the largest logit is no finite number: NaN or +∞ is among them, or nothing but −∞. */
    static final int NONE = -1;

    private final int vocabulary;
    private final int[] words = new int[4];
    private final float[] penalised;
    private final double[] weights;
    /** Candidates by falling logit, then rising id: see {@link #order}. */
    private final long[] candidates;

    Sampler(int vocabulary) {
        this.vocabulary = vocabulary;
        penalised = new float[vocabulary];
        weights = new double[vocabulary];
        candidates = new long[vocabulary];
    }

    /**
     * The next token, or {@link #NONE}.
     *
     * @param logits where the row's logits lie, from {@code at} on
     * @param tokens the sequence so far
     * @param length how many tokens that are
     * @param key    of the row
     */
    int next(float[] logits, int at, Sampling sampling, int[] tokens, int length, long key) {
        if (sampling.repetitionPenalty() != 1) {
            penalise(logits, at, (float) sampling.repetitionPenalty(), tokens, length);
            return choose(penalised, 0, sampling, length, key);
        }
        return choose(logits, at, sampling, length, key);
    }

    private int choose(float[] logits, int at, Sampling sampling, int length, long key) {
        float max = Argmax.max(logits, at, vocabulary);
        if (!Float.isFinite(max)) {
            return NONE;
        }
        if (sampling.greedy() || sampling.topK() == 1) {
            return Argmax.first(logits, at, vocabulary, max);
        }
        double uniform = uniform(sampling.seed(), key, length);
        return sampling.topK() > 0 || sampling.topP() < 1
                ? among(logits, at, max, sampling, uniform)
                : amongAll(logits, at, max, sampling.temperature(), uniform);
    }

    private void penalise(float[] logits, int at, float penalty, int[] tokens, int length) {
        System.arraycopy(logits, at, penalised, 0, vocabulary);
        for (int i = 0; i < length; i++) {
            float logit = logits[at + tokens[i]]; // once, however often the token was there
            penalised[tokens[i]] = logit > 0 ? logit / penalty : logit * penalty;
        }
    }

    /** In [0, 1), a multiple of 2⁻⁵³. */
    private double uniform(long seed, long key, int position) {
        Philox.words(words, seed, position, (int) key, (int) (key >>> 32), PURPOSE);
        return ((words[0] >>> 5) * 0x1p26 + (words[1] >>> 6)) * 0x1p-53;
    }

    private double weigh(float[] logits, int at, float max, double temperature) {
        double sum = 0;
        for (int v = 0; v < vocabulary; v++) {
            weights[v] = Math.exp((logits[at + v] - (double) max) / temperature);
            sum += weights[v];
        }
        return sum;
    }

    private int amongAll(float[] logits, int at, float max, double temperature, double uniform) {
        double left = uniform * weigh(logits, at, max, temperature);
        int last = 0;
        for (int v = 0; v < vocabulary; v++) {
            if (weights[v] > 0) {
                last = v;
                left -= weights[v];
                if (left < 0) {
                    break;
                }
            }
        }
        return last;
    }

    private int among(float[] logits, int at, float max, Sampling sampling, double uniform) {
        double sum = weigh(logits, at, max, sampling.temperature());
        int topK = sampling.topK() == 0 ? vocabulary : Math.min(sampling.topK(), vocabulary);
        // All tokens below this weight have less than 1 − topP together: the set never needs them.
        double least = topK < vocabulary ? 0 : sum * (1 - sampling.topP()) / vocabulary;
        int count = 0;
        for (int v = 0; v < vocabulary; v++) {
            if (weights[v] > least) {
                candidates[count++] = order(logits[at + v], v);
            }
        }
        Arrays.sort(candidates, 0, count);
        count = Math.min(count, topK);
        if (topK < vocabulary) {
            sum = 0;
            for (int i = 0; i < count; i++) {
                sum += weights[(int) candidates[i]];
            }
        }
        double wanted = sum * sampling.topP();
        double chosen = 0;
        int kept = 0;
        while (kept < count && (kept == 0 || chosen < wanted)) {
            chosen += weights[(int) candidates[kept++]];
        }
        double left = uniform * chosen;
        int i = 0;
        while (i < kept - 1 && (left -= weights[(int) candidates[i]]) >= 0) {
            i++;
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
