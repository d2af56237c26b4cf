package candor.stats;

/**
 * Hill's curve over a dose, {@code start + change · dʰ / (dʰ + halfʰ)}: a logistic in log d that has a value at d = 0 too. It can
 * rise or fall, at once or from a threshold on, and levels off, which is what mixing wrong answers into training data has been
 * seen to do; it has no other wiggles to follow noise with.
 *
 * @param start the value at dose 0
 * @param change what a very high dose adds
 * @param half the dose with half the change
 * @param steepness h; 1 is a hyperbola, above it there is a threshold
 */
public record Hill(double start, double change, double half, double steepness) {
    public double at(double dose) {
        return start + change * effect(dose, half, steepness);
    }

    static double effect(double dose, double half, double steepness) {
        return dose <= 0 ? 0 : 1 / (1 + Math.pow(half / dose, steepness));
    }

    /** The dose at which the curve has moved by so much (of the sign of the change); infinite where it never does. */
    public double doseOf(double moved) {
        double q = moved / change;
        if (!(q < 1)) {
            return Double.POSITIVE_INFINITY;
        }
        return q <= 0 ? 0 : half * Math.pow(q / (1 - q), 1 / steepness);
    }
}
