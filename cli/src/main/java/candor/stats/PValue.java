package candor.stats;

import java.util.Locale;

/** P-values as people read them. */
public final class PValue {
    private static final double SMALLEST = 0.001;

    private PValue() {}

    /** Three decimals, or "&lt; 0.001"; "–" where it is not known. */
    public static String of(double p) {
        return Double.isNaN(p) ? "–" : p < SMALLEST ? "< 0.001" : String.format(Locale.ROOT, "%.3f", p);
    }

    /** For running text: "p = 0.012" or "p &lt; 0.001". */
    public static String is(double p) {
        return p < SMALLEST ? "p < 0.001" : "p = " + of(p);
    }
}
