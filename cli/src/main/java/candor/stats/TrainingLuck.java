package candor.stats;

import java.util.List;

/**
 * How much seeds move the rates of arms that were trained alike, taken over all of these arms: three seeds of one arm say next to
 * nothing about it, three seeds of six arms do. It assumes that luck has the same spread in each of them, as the analysis of
 * variance of arms × seeds × rows always has.
 *
 * @param rows that the mean squares are of: each is that many times a variance of seeds' means
 * @param ofArm the mean square of the seeds of one arm
 * @param ofArmDegrees the degrees of freedom behind it: seeds may move all arms together, so by Satterthwaite
 * @param ofContrast of seeds × arms, which is what is left of it in differences of arms, for Σ weights² = 1
 */
public record TrainingLuck(int rows, double ofArm, double ofArmDegrees, double ofContrast, double ofContrastDegrees) {
    /** Nothing known beyond what an arm shows itself. */
    public static final TrainingLuck UNKNOWN = new TrainingLuck(1, Double.NaN, Double.NaN, Double.NaN, Double.NaN);

    public boolean known() {
        return !Double.isNaN(ofArm);
    }

    /** The mean square of one arm's seeds for a table of so many rows, as {@link Crossed} scales it. */
    double ofArm(int width) {
        return ofArm * width / rows;
    }

    /** Likewise of a contrast. */
    double ofContrast(int width) {
        return ofContrast * width / rows;
    }

    /** From arms with the same seeds and rows; unknown for fewer than two arms or seeds. */
    public static TrainingLuck of(List<Rates> arms) {
        int a = arms.size();
        int seeds = a == 0 ? 0 : arms.getFirst().outcomes().length;
        if (a < 2 || seeds < 2) {
            return UNKNOWN;
        }
        double[][] means = arms.stream().map(Rates::bySeed).toArray(double[][]::new);
        double[] bySeed = new double[seeds];
        double[] byArm = new double[a];
        double all = 0;
        for (int i = 0; i < a; i++) {
            for (int s = 0; s < seeds; s++) {
                bySeed[s] += means[i][s] / a;
                byArm[i] += means[i][s] / seeds;
                all += means[i][s] / a / seeds;
            }
        }
        double common = 0;
        double apart = 0;
        for (int s = 0; s < seeds; s++) {
            common += a * (bySeed[s] - all) * (bySeed[s] - all);
            for (int i = 0; i < a; i++) {
                double rest = means[i][s] - byArm[i] - bySeed[s] + all;
                apart += rest * rest;
            }
        }
        int rows = arms.getFirst().outcomes()[0].length;
        double apartDegrees = (a - 1.0) * (seeds - 1);
        double commonSquare = rows * common / (seeds - 1);
        double apartSquare = rows * apart / apartDegrees;
        double ofArm = (commonSquare + (a - 1) * apartSquare) / a;
        double spread =
                Math.pow(commonSquare / a, 2) / (seeds - 1) + Math.pow((a - 1) * apartSquare / a, 2) / apartDegrees;
        return new TrainingLuck(
                rows, ofArm, spread == 0 ? apartDegrees : ofArm * ofArm / spread, apartSquare, apartDegrees);
    }
}
