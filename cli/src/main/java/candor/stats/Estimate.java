package candor.stats;

import java.util.List;

/**
 * A score with what it is worth. Numbers that the rows do not give are NaN.
 *
 * @param n values that went into it
 * @param rows rows that they came from; with one seed the same as n
 * @param interval Korn and Graubard's: rows are what is drawn, the values of one row under several seeds belong together
 */
public record Estimate(double value, int n, int rows, double standardError, Interval interval) {
    /** Of rates: values between 0 and 1. */
    public static Estimate of(List<Cell> cells, Mean mean) {
        int n = cells.stream().mapToInt(Cell::count).sum();
        int rows = (int) cells.stream().filter(cell -> cell.count() > 0).count();
        double value = mean.of(cells);
        Linearised error = mean.linearised(cells);
        return new Estimate(
                value,
                n,
                rows,
                error.standardError(),
                Proportion.interval(value, error.standardError(), error.degrees(), rows, n, Interval.LEVEL));
    }

    /** The same in other units. */
    public Estimate times(double factor) {
        return new Estimate(value * factor, n, rows, standardError * factor, interval.times(factor));
    }
}
