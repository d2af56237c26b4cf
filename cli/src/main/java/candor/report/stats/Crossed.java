package candor.report.stats;

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
 * @param standardError NaN where one value cannot tell
 * @param degrees of freedom of the standard error
 */
public record Crossed(double mean, double standardError, double degrees, int seeds, int rows) {
    /** Judges a table of {@code [seed][row]}, all rows of the same length, by itself. */
    public static Crossed of(double[][] table) {
        return of(table, Double.NaN, Double.NaN);
    }

    /** Judges an arm's table. */
    public static Crossed ofArm(double[][] table, TrainingLuck luck) {
        return of(table, luck.ofArm(), luck.ofArmDegrees());
    }

    /** Judges a table that is a sum of arms' tables with these weights. */
    public static Crossed ofContrast(double[][] table, double[] weights, TrainingLuck luck) {
        double squares = 0;
        for (double weight : weights) {
            squares += weight * weight;
        }
        return of(table, squares * luck.ofContrast(), luck.ofContrastDegrees());
    }

    /** @param luck the mean square of seeds, if known from more than this table; else NaN */
    private static Crossed of(double[][] table, double luck, double luckDegrees) {
        int seeds = table.length;
        int rows = seeds == 0 ? 0 : table[0].length;
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
        if (seeds == 1 || rows == 1) {
            double sum = seeds == 1 ? ofRows : ofSeeds;
            int n = Math.max(seeds, rows);
            return new Crossed(mean, n == 1 ? Double.NaN : Math.sqrt(sum / (n - 1) / n), n - 1, seeds, rows);
        }
        double rest = 0;
        for (int s = 0; s < seeds; s++) {
            for (int r = 0; r < rows; r++) {
                double residual = table[s][r] - bySeed[s] - byRow[r] + mean;
                rest += residual * residual;
            }
        }
        boolean known = !Double.isNaN(luck);
        double[] freedom = {known ? luckDegrees : seeds - 1, rows - 1, (seeds - 1.0) * (rows - 1)};
        double[] squares = {known ? luck : ofSeeds / freedom[0], ofRows / freedom[1], rest / freedom[2]};
        return of(mean, squares, freedom, seeds, rows);
    }

    /** From mean squares of seeds, rows and the rest. */
    private static Crossed of(double mean, double[] squares, double[] freedom, int seeds, int rows) {
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
        return new Crossed(mean, Math.sqrt(sum / ((double) seeds * rows)), degrees, seeds, rows);
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

    /**
     * Two-sided, that the mean is zero. Where all values are equal there is no error to divide by; then the sign test over
     * rows gives 2 · 2⁻ʳᵒʷˢ.
     */
    public double p() {
        if (!known()) {
            return Double.NaN;
        }
        if (mean == 0) {
            return 1;
        }
        if (standardError == 0) {
            return Math.min(1, 2 * Math.pow(0.5, rows));
        }
        return 2 * TDistribution.of(degrees).cumulativeProbability(-Math.abs(mean) / standardError);
    }
}
