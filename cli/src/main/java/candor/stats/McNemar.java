package candor.stats;

import org.apache.commons.statistics.distribution.BinomialDistribution;
import org.apache.commons.statistics.distribution.ChiSquaredDistribution;

/**
 * McNemar's test (1947): do two yes/no outcomes on the same rows have the same rate?
 *
 * @param both rows where both are yes
 * @param onlyA rows where only the first is
 * @param onlyB rows where only the second is
 * @param neither rows where neither is
 */
public record McNemar(int both, int onlyA, int onlyB, int neither) {
    /**
     * The exact two-sided p-value: of the rows that differ, half should differ either way, so that both tails weigh the same. 1 where
     * none differ.
     */
    public double exactP() {
        int differing = onlyA + onlyB;
        return differing == 0
                ? 1
                : Math.min(
                        1, 2 * BinomialDistribution.of(differing, 0.5).cumulativeProbability(Math.min(onlyA, onlyB)));
    }

    /** The χ² statistic with Edwards' continuity correction; 0 where no rows differ. */
    public double chiSquared() {
        double difference = Math.max(0, Math.abs(onlyA - onlyB) - 1);
        return onlyA + onlyB == 0 ? 0 : difference * difference / (onlyA + onlyB);
    }

    /** The p-value of {@link #chiSquared}, good where at least about 25 rows differ. */
    public double chiSquaredP() {
        return ChiSquaredDistribution.of(1).survivalProbability(chiSquared());
    }
}
