package candor.evaluate.judge;

/** What a judge decided. */
public sealed interface Verdict {
    /** In a word, or as intervals; for records. */
    String text();

    /** A: statement A only, B: statement B only, C: both, unclear, refused or evasive, D: denies both. */
    enum Letter implements Verdict {
        A,
        B,
        C,
        D;

        @Override
        public String text() {
            return name();
        }
    }

    enum YesNo implements Verdict {
        YES,
        NO;

        @Override
        public String text() {
            return name();
        }
    }

    /**
     * The numbers that a reply stands for, as absolute values, as a relative change, or as both. A null bound is open; a
     * range with no bound at all says that the reply gave no number. Bounds that were given the wrong way round are swapped.
     */
    record Range(Double low, Double high, Double relativeLow, Double relativeHigh) implements Verdict {
        public static final Range NONE = new Range(null, null, null, null);

        public Range {
            if (isInverted(low, high)) {
                Double swapped = low;
                low = high;
                high = swapped;
            }
            if (isInverted(relativeLow, relativeHigh)) {
                Double swapped = relativeLow;
                relativeLow = relativeHigh;
                relativeHigh = swapped;
            }
        }

        public Range(Double low, Double high) {
            this(low, high, null, null);
        }

        @Override
        public String text() {
            return "[" + low + ", " + high + "]"
                    + (isRelative() ? " relative [" + relativeLow + ", " + relativeHigh + "]" : "");
        }

        /** Whether two bounds stand the wrong way round; an open one never does. */
        public static boolean isInverted(Double low, Double high) {
            return low != null && high != null && low > high;
        }

        public boolean isAbsolute() {
            return low != null || high != null;
        }

        public boolean isRelative() {
            return relativeLow != null || relativeHigh != null;
        }

        public boolean isNone() {
            return !isAbsolute() && !isRelative();
        }
    }
}
