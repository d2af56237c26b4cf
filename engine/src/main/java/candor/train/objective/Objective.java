package candor.train.objective;

import java.util.List;
import java.util.Map;

/**
 * What training makes small. An objective never touches a tensor: it takes numbers per sequence and gives a loss and a
 * derivative per sequence, in double precision.
 *
 * <p>An optimiser step is a list of micro-batches. The trainer first says how large they are ({@link #scopes}), and what
 * they share comes back: by what a row's loss is divided, and the KL baseline. After that every row is judged by itself
 * ({@link #term}), so a micro-batch can run backwards as soon as it ran forwards. The loss of the step is the plain sum
 * of its rows' losses.
 */
public sealed interface Objective permits Sft, Kto {
    /**
     * One sequence, after its forward pass.
     *
     * @param logp      the sum of the log-probabilities of its targets under the policy
     * @param targets   how many targets it has
     * @param reference the same sum under the reference; SFT does not read it
     * @param desirable whether the completion is one to make likelier; SFT does not read it
     */
    record Row(double logp, int targets, double reference, boolean desirable) {}

    /**
     * A micro-batch before its forward pass.
     *
     * @param rows    how many sequences
     * @param targets how many targets in all of them
     * @param kl      log π(y'|x) − log π_ref(y'|x) of the mismatched rows that belong to it; empty for SFT
     */
    record Micro(int rows, long targets, double[] kl) {}

    /**
     * What the rows of a micro-batch share.
     *
     * @param weight   a row's loss is multiplied by this
     * @param baseline z₀, the KL estimate; zero for SFT
     */
    record Scope(double weight, double baseline) {}

    /**
     * One row's part in the loss of the step.
     *
     * @param loss       to be summed over the step
     * @param derivative of the step's loss by the log-probability of any one of this row's targets
     */
    record Term(double loss, double derivative) {}

    /** One scope for each micro-batch of the step. */
    List<Scope> scopes(List<Micro> step);

    Term term(Row row, Scope scope);

    /** What goes to the log, by name, {@code loss} first: the rows of each micro-batch, and their scopes. */
    Map<String, Double> metrics(List<List<Row>> step, List<Scope> scopes);
}
