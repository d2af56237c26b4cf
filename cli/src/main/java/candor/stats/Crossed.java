package candor.stats;

import org.apache.commons.statistics.distribution.TDistribution;

/**
 * The mean of a seeds × rows table, seeds and rows both taken as random: the analysis of variance of two crossed random
 * factors with one value a cell, and Satterthwaite's degrees of freedom (Clark 1973, "The language-as-fixed-effect fallacy":
 * his quasi-F, for one contrast). With mean squares M of seeds, rows and the rest,
 * <pre>  variance of the mean = (M_seeds + M_rows − M_rest) / (seeds · rows)</pre>
 * A factor whose mean square is not above the rest's adds no variance of its own and is left out. With one seed it is the
 * usual s²/n over rows, and speaks of those training runs alone. Where {@link TrainingLuck} is known over several arms, it takes
 * the place of M_seeds.
 *
 * <p>Of a rate that not every row has a part in (lies among the rows with a belief), only those that have one are worth a
 * degree of freedom (Korn and Graubard 1999, Analysis of Health Surveys, §5.2: clusters without a case do not count).
 *
 * @param standardError NaN where one value cannot tell
 * @param degrees of freedom of the standard error
 * @param rows that have a part
 */
public record Crossed(double mean, double standardError, double degrees, int seeds, int rows) {
    /** Judges a table of {@code [seed][row]}, all rows of the same length, by itself. */
    public static Crossed of(double[][] table) {
        return of(table, table.length == 0 ? 0 : table[0].length, Double.NaN, Double.NaN);
    }

    /** Judges an arm. */
    public static Crossed ofArm(Rates arm, TrainingLuck luck) {
        double[][] table = arm.table();
        return of(table, arm.rows(), luck.ofArm(width(table)), luck.ofArmDegrees());
    }

    /** Judges the sum of arms with these weights, seed by seed and row by row. */
    public static Crossed ofContrast(double[] weights, TrainingLuck luck, Rates... arms) {
        double squares = 0;
        for (double weight : weights) {
            squares += weight * weight;
        }
        int fewest = Integer.MAX_VALUE;
        for (Rates arm : arms) {
            fewest = Math.min(fewest, arm.rows());
        }
        double[][] table = Rates.combine(weights, arms);
        Crossed seen = of(table, fewest, squares * luck.ofContrast(width(table)), luck.ofContrastDegrees());
        if (!(seen.standardError > 0)) {
            return seen;
        }
        double variance = seen.standardError * seen.standardError;
        for (int a = 0; a < arms.length; a++) {
            variance += weights[a] * weights[a] * Contrast.unseen(arms[a].value(), arms[a].rows());
        }
        return new Crossed(seen.mean, Math.sqrt(variance), seen.degrees, seen.seeds, seen.rows);
    }

    private static int width(double[][] table) {
        return table.length == 0 ? 0 : table[0].length;
    }

    /**
     * @param taking how many of the rows have a part
     * @param luck the mean square of seeds, if known from more than this table; else NaN
     */
    private static Crossed of(double[][] table, int taking, double luck, double luckDegrees) {
        int seeds = table.length;
        int rows = width(table);
        if (rows == 0) {
            return new Crossed(Double.NaN, Double.NaN, Double.NaN, seeds, rows);
        }
        double[] bySeed = new double[seeds];
        double[] byRow = new double[rows];
        double mean = 0;
        for (int s = 0; s < seeds; s++) {
            for (int r = 0; r < rows; r++) {
                bySeed[s] += table[s][r] / rows;
                byRow[r] += table[s][r] / seeds;
            }
            mean += bySeed[s] / seeds;
        }
        double ofSeeds = rows * squares(bySeed, mean);
        double ofRows = seeds * squares(byRow, mean);
        // Rows without a part stand at the mean: they add nothing to the sums of squares, nor to what divides them.
        double shrunk = rows * (taking - 1.0) / taking;
        if (seeds == 1 || rows == 1) {
            double error = seeds == 1 ? Math.sqrt(ofRows / shrunk / rows) : Math.sqrt(ofSeeds / (seeds - 1) / seeds);
            int n = seeds == 1 ? taking : seeds;
            return new Crossed(mean, n < 2 ? Double.NaN : error, n - 1, seeds, taking);
        }
        if (taking < 2) {
            return new Crossed(mean, Double.NaN, 0, seeds, taking);
        }
        double rest = 0;
        for (int s = 0; s < seeds; s++) {
            for (int r = 0; r < rows; r++) {
                double residual = table[s][r] - bySeed[s] - byRow[r] + mean;
                rest += residual * residual;
            }
        }
        boolean known = !Double.isNaN(luck);
        double[] freedom = {known ? luckDegrees : seeds - 1, taking - 1, (seeds - 1.0) * (taking - 1)};
        double[] squares = {known ? luck : ofSeeds / freedom[0], ofRows / shrunk, rest / ((seeds - 1) * shrunk)};
        return of(mean, squares, freedom, seeds, rows, taking);
    }

    /** From mean squares of seeds, rows and the rest. */
    private static Crossed of(double mean, double[] squares, double[] freedom, int seeds, int rows, int taking) {
        boolean seedsMatter = squares[0] > squares[2];
        boolean rowsMatter = squares[1] > squares[2];
        double[] weight = {seedsMatter ? 1 : 0, rowsMatter ? 1 : 0, seedsMatter == rowsMatter ? seedsMatter ? -1 : 1 : 0
        };
        double sum = 0;
        double spread = 0;
        for (int i = 0; i < 3; i++) {
            double part = weight[i] * squares[i];
            sum += part;
            spread += part * part / freedom[i];
        }
        double degrees = spread == 0 ? freedom[2] : sum * sum / spread;
        return new Crossed(mean, Math.sqrt(sum / ((double) seeds * rows)), degrees, seeds, taking);
    }

    private static double squares(double[] values, double mean) {
        double sum = 0;
        for (double value : values) {
            sum += (value - mean) * (value - mean);
        }
        return sum;
    }

    /** Half the width of the interval of this level, such as 0.95. */
    public double margin(double level) {
        return known() ? standardError * quantile(1 - (1 - level) / 2) : Double.NaN;
    }

    /** Student's t at this share of its mass. */
    double quantile(double p) {
        return TDistribution.of(degrees).inverseCumulativeProbability(p);
    }

    private boolean known() {
        return !Double.isNaN(standardError) && degrees > 0;
    }

    /** As a difference of rates; @param reach the most that it could be. */
    public Contrast contrast(double reach, double level) {
        return Contrast.of(mean, standardError, degrees, rows, reach, level);
    }

    /** Two-sided, that the mean is zero, as {@link Contrast} has it. */
    public double p() {
        return contrast(Double.POSITIVE_INFINITY, Interval.LEVEL).p();
    }
}
