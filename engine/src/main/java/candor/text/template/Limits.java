package candor.text.template;

/**
 * What one rendering may use.
 *
 * @param steps evaluated nodes, plus one for every eight characters or for every element that a value is made of
 * @param depth nesting of evaluations and macro calls
 * @param characters UTF-16 units of the output, and of any one string made on the way
 */
public record Limits(long steps, int depth, int characters) {
    /**
     * Enough for conversations of ten megabytes; an endless loop ends in about a second, and what a template can heap up
     * stays below a gigabyte.
     */
    public static final Limits DEFAULT = new Limits(30_000_000, 300, 1 << 26);

    public Limits {
        if (steps < 1 || depth < 1 || characters < 1) {
            throw new IllegalArgumentException("limits are positive: " + steps + ", " + depth + ", " + characters);
        }
    }
}
