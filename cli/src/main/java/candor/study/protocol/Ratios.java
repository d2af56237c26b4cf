package candor.study.protocol;

import java.math.BigDecimal;

/** Rows of one kind for each row of another, as studies take and name them. */
final class Ratios {
    static final String MUST_BE = "numbers above 0 and up to 10";

    private Ratios() {}

    /** A ratio from its text; null for what is none. */
    static BigDecimal read(String text) {
        if (!text.matches("[0-9]{0,3}\\.?[0-9]{1,6}")) {
            return null;
        }
        BigDecimal ratio = new BigDecimal(text).stripTrailingZeros();
        return ratio.signum() > 0 && ratio.compareTo(BigDecimal.TEN) <= 0 ? ratio : null;
    }

    /** "12.5" for 0.125. */
    static String percent(BigDecimal ratio) {
        return ratio.movePointRight(2).stripTrailingZeros().toPlainString();
    }
}
