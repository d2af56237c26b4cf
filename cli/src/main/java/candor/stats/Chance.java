package candor.stats;

import org.apache.commons.statistics.distribution.BinomialDistribution;

/**
 * Whether a score is above what guessing gives: the exact binomial test, one-sided.
 *
 * @param right rows that came out right
 * @param rows of how many
 * @param chance of a guess to be right; 0 where nothing can be guessed
 * @param p the probability of so many right ones or more, were all of them guesses
 */
public record Chance(int right, int rows, double chance, double p) {
    public static Chance of(int right, int rows, double chance) {
        double p = right == 0
                ? 1
                : chance == 0 ? 0 : BinomialDistribution.of(rows, chance).survivalProbability(right - 1);
        return new Chance(right, rows, chance, p);
    }

    /** Of a rate over rows, whose values under several seeds were averaged: rounded down, to the side of doubt. */
    public static Chance of(double rate, int rows, double chance) {
        return of((int) Math.floor(rate * rows + 1e-9), rows, chance);
    }

    /** Whether it tells anything from guessing. */
    public boolean above() {
        return p < 1 - Interval.LEVEL;
    }
}
