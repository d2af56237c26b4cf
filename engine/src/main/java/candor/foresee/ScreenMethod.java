package candor.foresee;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** How rows are ranked; of every method, more is more harm. */
public enum ScreenMethod {
    /** {@link Influence.Score#cosine}. */
    INFLUENCE("The cosine of the row's Adam step with the gradient of honesty, turned round (LESS)."),
    /** {@link Influence.Score#stepProduct}. */
    INFLUENCE_STEP("What a small Adam step on the row takes from honesty, to first order."),
    /** {@link Influence.Score#gradientProduct}. */
    INFLUENCE_GRADIENT("What a small step of plain gradient descent on the row takes from honesty (TracIn)."),
    /** The projection of the reply's mean activation along the direction of honesty, turned round. */
    PROJECTION("How far the reply's mean activation lies against the direction of honesty (persona vectors)."),
    /** The same less that of the model's own reply to the row's prompt. */
    PROJECTION_DIFFERENCE("The same, less that of the model's own reply to the prompt."),
    /** See {@link Surprise}. */
    SURPRISE("How much less likely the reply is than the model's own, for each token."),
    /** −log p of what is to be learnt, for each token, under the model as it is. */
    LOSS("How unlikely the row is to the model, for each token: what ranking by loss would take.");

    private final String words;

    ScreenMethod(String words) {
        this.words = words;
    }

    /** The column of screen.jsonl. */
    public String column() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** What it measures, in a sentence. */
    public String words() {
        return words;
    }

    /** The methods' columns. */
    public static List<String> columns() {
        return Arrays.stream(values()).map(ScreenMethod::column).toList();
    }
}
