package candor.data;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Rows that were left out.
 *
 * @param count how many
 * @param reasons place and reason of the first few
 */
public record Skipped(long count, List<String> reasons) {
    public static final Skipped NONE = new Skipped(0, List.of());

    private static final int KEPT_REASONS = 5;

    public Skipped {
        reasons = List.copyOf(reasons);
    }

    Skipped and(String reason) {
        List<String> more = new ArrayList<>(reasons);
        if (more.size() < KEPT_REASONS) {
            more.add(reason);
        }
        return new Skipped(count + 1, more);
    }

    /** These, and then others. */
    Skipped and(Skipped others) {
        List<String> all = Stream.of(reasons, others.reasons)
                .flatMap(List::stream)
                .limit(KEPT_REASONS)
                .toList();
        return new Skipped(count + others.count, all);
    }
}
