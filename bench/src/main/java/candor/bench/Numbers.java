package candor.bench;

import java.util.Locale;

/** Numbers for a reader. */
final class Numbers {
    private static final int DIGITS = 4;
    private static final int MOST_DECIMALS = 9;

    private Numbers() {}

    /** Four significant digits, never an exponent; "" for what is not a number. */
    static String show(double value) {
        return show(value, decimals(value));
    }

    /** An error beside its value: as many decimals as the value has. */
    static String error(double error, double value) {
        return show(error, decimals(value));
    }

    private static String show(double value, int decimals) {
        return Double.isFinite(value) ? String.format(Locale.ROOT, "%,." + decimals + "f", value) : "";
    }

    private static int decimals(double value) {
        if (value == 0 || !Double.isFinite(value)) {
            return 0;
        }
        return Math.clamp(DIGITS - 1 - (int) Math.floor(Math.log10(Math.abs(value))), 0, MOST_DECIMALS);
    }
}
