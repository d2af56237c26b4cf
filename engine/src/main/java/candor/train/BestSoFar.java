package candor.train;

import candor.train.config.TrainConfig.Best;
import java.util.Map;

/**
 * The best evaluation of a run up to now, and how long ago it was, as transformers counts it: an evaluation ends the
 * waiting if it is better than the best before by more than the threshold, and becomes the best if it is better at all.
 *
 * @param step   after which it was, 0 where there was none
 * @param value  of the metric; 0 where there was none
 * @param waited evaluations in a row that did not end the waiting
 */
record BestSoFar(long step, double value, int waited) {
    static final BestSoFar NONE = new BestSoFar(0, 0, 0);

    /**
     * After one more evaluation.
     *
     * @param at   the step that it came after
     * @param seen what it gave, by the names in metrics.jsonl
     */
    BestSoFar with(long at, Map<String, Number> seen, Best rule) {
        double now = seen.get(rule.metric()).doubleValue();
        double gain = rule.greater() ? now - value : value - now;
        boolean first = step == 0;
        boolean best = first || gain > 0;
        boolean enough = first || gain > rule.threshold();
        return new BestSoFar(best ? at : step, best ? now : value, enough ? 0 : waited + 1);
    }

    /** Whether the patience is at its end. */
    boolean outOfPatience(Best rule) {
        return rule.patience() > 0 && waited >= rule.patience();
    }
}
