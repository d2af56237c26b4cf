package candor.data;

import candor.BadInput;
import candor.data.Draws.Purpose;
import candor.data.read.Origin;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/**
 * Which rows of a second data set are mixed into a first one: round(r · n) of them for the n rows of the first, spread evenly. What
 * was one row of a file, such as a pair of completions, counts once and stays together. The rows of a smaller ratio are among
 * those of every larger one.
 */
public final class MixedIn {
    private MixedIn() {}

    /**
     * Rows that a seed draws.
     *
     * @param ratio r, from 0
     * @throws BadInput where the second data set has too few rows
     */
    public static Dataset drawn(Dataset data, Dataset more, double ratio, long seed) {
        List<List<Integer>> rows = together(more);
        int[] order = new Draws(seed, Purpose.MIXED_IN).permutation(rows.size());
        List<List<Integer>> chosen = new ArrayList<>();
        for (int i = 0; i < wanted(data, rows.size(), ratio); i++) {
            chosen.add(rows.get(order[i]));
        }
        return data.with(more, chosen);
    }

    /**
     * The rows that would do the least harm, which by a ranking for harm are those that do the most good: the last ranks first.
     *
     * @param more rows of one file, which the ranking is of
     * @throws BadInput where there are too few rows, or one that the ranking does not have
     */
    public static Dataset best(Dataset data, Dataset more, double ratio, Ranking ranking) {
        List<List<Integer>> rows = new ArrayList<>(together(more));
        Map<List<Integer>, Long> ranks = new LinkedHashMap<>();
        for (List<Integer> row : rows) {
            Origin origin = more.origin(row.getFirst());
            OptionalLong rank = ranking.rank(origin.row());
            if (rank.isEmpty()) {
                throw new BadInput(
                        ranking.file() + ": has no row " + origin.row() + " (" + origin + ")",
                        "give {mix_ranking} of the file that {mix_data} names");
            }
            ranks.put(row, rank.getAsLong());
        }
        rows.sort(Comparator.<List<Integer>>comparingLong(ranks::get).reversed());
        return data.with(more, rows.subList(0, wanted(data, rows.size(), ratio)));
    }

    private static int wanted(Dataset data, int there, double ratio) {
        int rows = together(data).size();
        long wanted = Math.round(ratio * rows);
        if (wanted > there) {
            throw new BadInput(
                    "a share of " + ratio + " of " + rows + " rows is " + wanted + ", and there are " + there
                            + " to mix in",
                    "lower {mix_ratio}, or give {mix_data} more rows");
        }
        return (int) wanted;
    }

    /** The numbers of rows, those of one row of a file together. */
    private static List<List<Integer>> together(Dataset data) {
        Map<Origin, List<Integer>> together = new LinkedHashMap<>();
        for (int row = 0; row < data.size(); row++) {
            together.computeIfAbsent(data.origin(row), _ -> new ArrayList<>()).add(row);
        }
        return List.copyOf(together.values());
    }
}
