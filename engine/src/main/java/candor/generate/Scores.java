package candor.generate;

/**
 * Which log-probabilities of a request are wanted, all of them under the model itself: before penalty, temperature and the rest.
 *
 * @param chosen       those of the new tokens
 * @param alternatives how many of the likeliest tokens beside each token that is told of, from 0 to {@link #MOST_ALTERNATIVES}
 * @param prompt       those of the prompt's tokens, from the second on, too; the whole prompt is computed then, whatever of it
 *                     is in the cache
 */
public record Scores(boolean chosen, int alternatives, boolean prompt) {
    public static final int MOST_ALTERNATIVES = 20;

    public static final Scores NONE = new Scores(false, 0, false);

    /** Those of the new tokens alone. */
    public static final Scores CHOSEN = new Scores(true, 0, false);

    public Scores {
        if (alternatives < 0 || alternatives > MOST_ALTERNATIVES || !chosen && (alternatives > 0 || prompt)) {
            throw new IllegalArgumentException(
                    alternatives + " alternatives, of new tokens " + chosen + ", of prompts " + prompt);
        }
    }
}
