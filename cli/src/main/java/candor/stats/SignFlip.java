package candor.stats;

import java.util.Arrays;

/**
 * The permutation test of paired differences: were it chance which arm a row's two results belong to, every sign could as well
 * be the other. It takes the training runs as they are, and assumes no distribution.
 */
public final class SignFlip {
    private static final int MOST_ENUMERATED = 13;
    private static final int MOST_DRAWS = 9999;
    private static final int FEWEST_DRAWS = 999;
    private static final long WORK = 20_000_000;

    private SignFlip() {}

    /**
     * Two-sided, for the sum of the differences. All signs are gone through where at most 13 rows differ; else signs are
     * drawn, (k + 1) / (draws + 1), with the same draws for the same number of rows.
     */
    public static double p(double[] differences) {
        double[] d = Arrays.stream(differences).filter(v -> v != 0).toArray();
        double seen = 0;
        double size = 0;
        for (double v : d) {
            seen += v;
            size += Math.abs(v);
        }
        if (d.length == 0) {
            return differences.length == 0 ? Double.NaN : 1;
        }
        double bar = Math.abs(seen) - 1e-9 * size;
        if (d.length <= MOST_ENUMERATED) {
            long all = 1L << d.length;
            long reach = 0;
            for (long signs = 0; signs < all; signs++) {
                double sum = 0;
                for (int i = 0; i < d.length; i++) {
                    sum += (signs >> i & 1) == 0 ? d[i] : -d[i];
                }
                reach += Math.abs(sum) >= bar ? 1 : 0;
            }
            return reach / (double) all;
        }
        int draws = Math.clamp(WORK / d.length, FEWEST_DRAWS, MOST_DRAWS);
        Draws random = new Draws(d.length);
        int reach = 0;
        for (int b = 0; b < draws; b++) {
            double sum = 0;
            long signs = 0;
            for (int i = 0; i < d.length; i++) {
                signs = (i & 63) == 0 ? random.bits() : signs >>> 1;
                sum += (signs & 1) == 0 ? d[i] : -d[i];
            }
            reach += Math.abs(sum) >= bar ? 1 : 0;
        }
        return (reach + 1.0) / (draws + 1);
    }
}
