package candor.stats;

/** From low to high; NaN at both ends where nothing is known. */
public record Interval(double low, double high) {
    /** Of every interval that the program shows. */
    public static final double LEVEL = 0.95;

    public static final Interval UNKNOWN = new Interval(Double.NaN, Double.NaN);

    public boolean known() {
        return !Double.isNaN(low) && !Double.isNaN(high);
    }

    /** The same in other units. */
    public Interval times(double factor) {
        return new Interval(low * factor, high * factor);
    }
}
