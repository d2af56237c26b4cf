package candor.stats;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/** Holm's step-down correction (1979): the chance of any false alarm in the family stays below the level. */
public final class Holm {
    private Holm() {}

    /** The corrected p-values in the order given; NaN stays, and is no part of the family. */
    public static double[] correct(double[] p) {
        Integer[] rising = IntStream.range(0, p.length)
                .filter(i -> !Double.isNaN(p[i]))
                .boxed()
                .sorted(Comparator.comparingDouble(i -> p[i]))
                .toArray(Integer[]::new);
        double[] corrected = new double[p.length];
        Arrays.fill(corrected, Double.NaN);
        double atLeast = 0;
        for (int k = 0; k < rising.length; k++) {
            atLeast = Math.max(atLeast, Math.min(1, (rising.length - k) * p[rising[k]]));
            corrected[rising[k]] = atLeast;
        }
        return corrected;
    }
}
