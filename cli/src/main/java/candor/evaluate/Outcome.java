package candor.evaluate;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;

/**
 * What a row came to.
 *
 * @param values the row's value for each score that it has a part in; a score is 100 times the mean of such values
 * @param details for the record: what was parsed, decided, counted
 */
public record Outcome(Map<String, Double> values, ObjectNode details) {
    /** 1 for true: most scores are shares. */
    public static double share(boolean yes) {
        return yes ? 1 : 0;
    }
}
