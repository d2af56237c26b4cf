package candor.train.objective;

/**
 * A number that an objective reports of a step.
 *
 * @param name            as TRL has it
 * @param greaterIsBetter whether more of it is better
 * @param of              the rows that it cannot do without
 */
public record Metric(String name, boolean greaterIsBetter, Of of) {
    /** Rows by their labels. */
    public enum Of {
        ANY,
        DESIRABLE,
        UNDESIRABLE,
        /** At least one of either. */
        BOTH
    }

    /** What every objective makes small. */
    public static final Metric LOSS = new Metric("loss", false, Of.ANY);
}
