package candor.evaluate.benchmark;

import java.util.Arrays;
import java.util.List;

/**
 * A measure whose rows a study counts beside the first that it reports.
 *
 * @param scored whether only among rows that have the first measure, so that the count is a part of the score's rows
 */
public record Counted(String measure, boolean scored) {
    /** Counted among all rows. */
    public static List<Counted> all(String... measures) {
        return Arrays.stream(measures)
                .map(measure -> new Counted(measure, false))
                .toList();
    }
}
