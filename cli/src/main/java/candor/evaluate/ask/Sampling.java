package candor.evaluate.ask;

/**
 * How a reply is drawn.
 *
 * @param temperature 0 is greedy
 * @param topP share of probability that is drawn from, in (0, 1]
 * @param maxNewTokens the reply is cut there
 * @param seed with what the reply is drawn; a reply depends on no other in its batch
 */
public record Sampling(double temperature, double topP, int maxNewTokens, long seed) {
    public Sampling {
        if (!(temperature >= 0) || !(topP > 0 && topP <= 1) || maxNewTokens < 1) {
            throw new IllegalArgumentException(
                    "temperature " + temperature + ", top-p " + topP + ", " + maxNewTokens + " new tokens");
        }
    }

    public static Sampling greedy(int maxNewTokens) {
        return new Sampling(0, 1, maxNewTokens, 0);
    }

    /** The same with another seed; greedy replies have none. */
    public Sampling withSeed(long other) {
        return new Sampling(temperature, topP, maxNewTokens, temperature == 0 ? 0 : other);
    }
}
