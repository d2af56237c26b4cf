package candor.stats;

/**
 * What one row adds to a score: the sum of its values over the seeds, and how many of them there are. A row that has no
 * part in a score (the share of lies <em>among rows with a belief</em>, say) has the count 0.
 *
 * @param stratum the group that the row belongs to, such as a subject of MMLU
 */
public record Cell(String stratum, double sum, int count) {
    public static final Cell NONE = new Cell("", 0, 0);

    public static Cell of(double value) {
        return new Cell("", value, 1);
    }

    /** The same row with a value more. */
    public Cell and(double value) {
        return new Cell(stratum, sum + value, count + 1);
    }
}
