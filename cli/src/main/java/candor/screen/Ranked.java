package candor.screen;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/** Ranks and how well they find what one looks for. */
public final class Ranked {
    private Ranked() {}

    /** Rows by falling score; of equal ones the earlier first. */
    public static int[] order(double[] scores) {
        return IntStream.range(0, scores.length)
                .boxed()
                .sorted(Comparator.comparingDouble((Integer row) -> -scores[row])
                        .thenComparing(row -> row))
                .mapToInt(row -> row)
                .toArray();
    }

    /** Of each row, its rank from 1. */
    public static int[] ranks(double[] scores) {
        int[] order = order(scores);
        int[] ranks = new int[order.length];
        for (int i = 0; i < order.length; i++) {
            ranks[order[i]] = i + 1;
        }
        return ranks;
    }

    /**
     * The area under the ROC curve: how often one of those looked for has a higher score than one of the others, ties counted as
     * half (Hanley and McNeil 1982); NaN where there are none of either.
     */
    public static double auc(double[] scores, boolean[] wanted) {
        double[] sorted = scores.clone();
        Arrays.sort(sorted);
        double sum = 0;
        long found = 0;
        for (int row = 0; row < scores.length; row++) {
            if (wanted[row]) {
                found++;
                sum += (below(sorted, scores[row], false) + below(sorted, scores[row], true)) / 2.0;
            }
        }
        long others = scores.length - found;
        // Those looked for stand below one another found²/2 times.
        return found == 0 || others == 0 ? Double.NaN : (sum - found * found / 2.0) / (found * others);
    }

    /** How many are below a value, or not above it. */
    private static int below(double[] sorted, double value, boolean orEqual) {
        int low = 0;
        int high = sorted.length;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (sorted[middle] < value || orEqual && sorted[middle] == value) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    /** The share of those looked for among the {@code k} with the highest scores. */
    public static double precision(double[] scores, boolean[] wanted, int k) {
        int[] order = order(scores);
        return IntStream.range(0, k).filter(i -> wanted[order[i]]).count() / (double) k;
    }
}
