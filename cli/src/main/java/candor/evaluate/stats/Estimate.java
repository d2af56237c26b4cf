package candor.evaluate.stats;

import java.util.List;

/**
 * A score with what it is worth. Numbers that the rows do not give are NaN.
 *
 * @param n values that went into it
 * @param rows rows that they came from; with one seed the same as n
 */
public record Estimate(double value, int n, int rows, double standardError, Bootstrap.Interval interval) {
    public static Estimate of(List<Cell> cells, Mean mean, Bootstrap bootstrap) {
        return new Estimate(
                mean.of(cells),
                cells.stream().mapToInt(Cell::count).sum(),
                (int) cells.stream().filter(cell -> cell.count() > 0).count(),
                mean.standardError(cells),
                bootstrap.interval(cells, mean));
    }
}
