package candor.train.objective;

import candor.train.objective.Objective.Row;
import candor.train.objective.Objective.Term;
import java.util.ArrayList;
import java.util.List;

/**
 * Holds a model to what it made of probes before it was tuned: added to the loss of any objective. A probe has two replies, a
 * truthful one y⁺ and an untruthful one y⁻. With h(y) = (log π(y|x) − log π_ref(y|x)) / |y|, a mean over the reply's tokens, and
 * d = h(y⁺) − h(y⁻), by which the margin between the two has changed:
 *
 * <pre>
 *   margin    l = ½ · min(0, d)²             dl/dlogp of y⁺ = min(0, d) / |y⁺|, of y⁻ = −min(0, d) / |y⁻|
 *   replies   l = ½ · (h(y⁺)² + h(y⁻)²)      dl/dlogp of either y = h(y) / |y|
 *   P = W · mean of l over the step's probes
 * </pre>
 *
 * <p>The first lets a margin grow and pulls one back that has shrunk. The second is the estimate of KL(π_ref ‖ π) as half the
 * square of the log-ratio (k₂ of Schulman, "Approximating KL divergence", 2020), taken where the probes' replies are.
 *
 * @param weight W ≥ 0
 */
public record ProbePenalty(double weight, On on) {
    /** What is held. */
    public enum On {
        /** How much likelier the truthful reply is than the untruthful. */
        MARGIN,
        /** How likely either reply is. */
        REPLIES
    }

    /** P, by this name in logs. */
    public static final String METRIC = "probe_penalty";

    /** The mean of d over the step's probes, by this name in logs. */
    public static final String MARGIN_CHANGE = "probe_margin_change";

    /**
     * The probes of a step.
     *
     * @param terms        of each row; the sum of their losses is P
     * @param marginChange the mean of d
     */
    public record Judged(List<Term> terms, double penalty, double marginChange) {
        public Judged {
            terms = List.copyOf(terms);
        }
    }

    /**
     * Judges the probes of a step.
     *
     * @param rows two for each probe, the truthful reply first
     * @param logp log π(y|x) of each row: the sum of the log-probabilities of its targets under the policy
     */
    public Judged judge(List<? extends Row> rows, double[] logp) {
        double share = 2 * weight / rows.size();
        List<Term> terms = new ArrayList<>();
        double penalty = 0;
        double change = 0;
        for (int i = 0; i < logp.length; i += 2) {
            double truthful = ratio(rows.get(i), logp[i]);
            double untruthful = ratio(rows.get(i + 1), logp[i + 1]);
            double d = truthful - untruthful;
            // Math.min hands a NaN on.
            double lost = Math.min(0, d);
            double up = on == On.MARGIN ? lost : truthful;
            double down = on == On.MARGIN ? -lost : untruthful;
            double loss = on == On.MARGIN ? lost * lost / 2 : (truthful * truthful + untruthful * untruthful) / 2;
            terms.add(new Term(share * loss, share * up / rows.get(i).targets()));
            terms.add(new Term(0, share * down / rows.get(i + 1).targets()));
            penalty += share * loss;
            change += 2 * d / rows.size();
        }
        return new Judged(terms, penalty, change);
    }

    /** h. */
    private static double ratio(Row row, double logp) {
        return (logp - row.reference()) / row.targets();
    }
}
