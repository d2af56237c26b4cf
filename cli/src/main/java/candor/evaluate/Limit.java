package candor.evaluate;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What a limit means everywhere: so many rows of each subset, in the order of the data. */
public final class Limit {
    private Limit() {}

    /** @param limit so many rows of each subset, its first; 0 for all */
    public static <R extends Task.Row> List<R> firstOfEach(List<R> rows, int limit) {
        Map<String, Integer> taken = new HashMap<>();
        List<R> some = new ArrayList<>();
        for (R row : rows) {
            if (limit == 0 || taken.merge(row.subset(), 1, Integer::sum) <= limit) {
                some.add(row);
            }
        }
        return List.copyOf(some);
    }
}
