package candor.evaluate.ask;

import candor.BadInput;
import java.util.List;

/** What the model gave to an {@link Ask}. */
public sealed interface Answer {
    /**
     * A reply.
     *
     * @param finish why it ended: "stop" at an end token, "length" at the bound
     */
    record Reply(String text, String finish, int tokens) implements Answer {}

    /** Natural logarithms of probabilities, in the order of the continuations. */
    record LogProbs(List<Double> values) implements Answer {
        public LogProbs {
            values = List.copyOf(values);
        }
    }

    /** No answer, because the request cannot be put to the model at all: it is longer than the context, say. */
    record Unfit(BadInput why) implements Answer {}
}
