package candor.train.objective;

import java.util.List;
import java.util.Map;

/**
 * What training makes small. An objective never touches a tensor: it takes numbers per sequence and gives a loss and a
 * derivative per sequence, in double precision.
 *
 * <p>An optimiser step is a list of micro-batches. Before gradients flow, what the objective {@link #needs} is found for all
 * rows of the step, and {@link #settle} makes of it what they share: by what losses are divided, a baseline. After that a
 * micro-batch is judged as soon as it ran forwards ({@link StepLoss}), and can run backwards. The loss of the step is the
 * plain sum of its rows' losses.
 */
public interface Objective {
    /** What has to be known before the rows of a step are judged. */
    Requirements needs();

    /** What it reports, {@link Metric#LOSS} first: the names of {@link StepLoss#metrics}, which may leave some out. */
    List<Metric> metrics();

    /**
     * Takes in a step before its passes with gradients.
     *
     * @param microBatches the rows of each; those of one group ({@link Requirements#rows}) follow one another
     */
    StepLoss settle(List<List<Row>> microBatches);

    /** A sequence before its pass with gradients. Asking for what the objective does not need is a fault. */
    interface Row {
        /** How many targets it has. */
        int targets();

        /** Whether the completion is one to make likelier. */
        boolean desirable();

        /** log π_ref(y|x): the sum of the log-probabilities of its targets under the reference. */
        double reference();

        /** log π(y'|x) − log π_ref(y'|x) of its mismatched pair. */
        double mismatched();
    }

    /**
     * One row's part in the loss of the step.
     *
     * @param loss       to be summed over the step
     * @param derivative of the step's loss by the log-probability of any one of this row's targets
     */
    record Term(double loss, double derivative) {}

    /** The loss of one step on its way. */
    interface StepLoss {
        /**
         * Judges the rows of a micro-batch; micro-batches come in order, each once.
         *
         * @param logp log π(y|x) of each row: the sum of the log-probabilities of its targets under the policy
         */
        List<Term> judge(int microBatch, double[] logp);

        /** What goes to the log beside the loss, by name, once all micro-batches are judged. */
        Map<String, Double> metrics();
    }
}
