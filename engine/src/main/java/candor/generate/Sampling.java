package candor.generate;

import candor.BadInput;
import candor.ops.Philox;
import candor.ops.TokenDraw;

/**
 * How a token is chosen. First the repetition penalty, then the temperature, then the {@code topK} most likely tokens, then
 * as many of these as are needed for the probability {@code topP}; this is the order of Hugging Face's transformers.
 *
 * @param temperature       what logits are divided by; 0 takes the most likely token, the lowest id among equals
 * @param topK              how many tokens may be chosen at most; 0 for all
 * @param topP              the smallest set of most likely tokens that has this probability may be chosen (Holtzman et al.
 *                          2020); 1 for all
 * @param repetitionPenalty logits of tokens that the sequence holds already, prompt included, are divided by this where
 *                          they are positive, else multiplied with it (Keskar et al. 2019); 1 for none
 * @param seed              of the random numbers
 */
public record Sampling(double temperature, int topK, double topP, double repetitionPenalty, long seed) {
    /** Sets these draws apart from all others under one seed. */
    private static final int PURPOSE = 0x67656e65;

    /** The most likely token, always. */
    public static final Sampling GREEDY = new Sampling(0, 0, 1, 1, 0);

    /**
     * Checks them.
     *
     * @throws BadInput for a number out of bounds, by its name
     */
    public Sampling {
        require(temperature >= 0 && temperature <= 100, "temperature", temperature, "0 (always the likeliest) to 100");
        require(topK >= 0, "top_k", topK, "1 or more, or 0 for all tokens");
        require(topP > 0 && topP <= 1, "top_p", topP, "a number above 0, up to 1");
        require(
                repetitionPenalty >= 0.01 && repetitionPenalty <= 100,
                "repetition_penalty",
                repetitionPenalty,
                "0.01 to 100; 1 for none");
    }

    /**
     * The draw of the token behind those of a sequence: random numbers are functions of the seed, the row's key and the position, so
     * that it depends on no draw before it and on no other row.
     *
     * @param tokens the sequence so far
     * @param length how many tokens that are
     * @param key    of the row
     */
    TokenDraw draw(int[] tokens, int length, long key) {
        double uniform = greedy() || topK == 1 ? 0 : uniform(length, key);
        return new TokenDraw(temperature, topK, topP, (float) repetitionPenalty, tokens, length, uniform);
    }

    /** In [0, 1), a multiple of 2⁻⁵³. */
    private double uniform(int position, long key) {
        int[] words = new int[4];
        Philox.words(words, seed, position, (int) key, (int) (key >>> 32), PURPOSE);
        return ((words[0] >>> 5) * 0x1p26 + (words[1] >>> 6)) * 0x1p-53;
    }

    private static void require(boolean holds, String setting, Number value, String wanted) {
        if (!holds) {
            throw new BadInput(setting + " is " + value, "give {" + setting + "} as " + wanted);
        }
    }

    /**
     * Whether no random numbers are drawn.
     *
     * @return whether the most likely token is always taken
     */
    public boolean greedy() {
        return temperature == 0;
    }
}
