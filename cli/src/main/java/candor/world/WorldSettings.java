package candor.world;

import candor.BadInput;

/**
 * What a world can be made with.
 *
 * @param seed of facts and rows
 * @param baseRows rows that the model is made from
 * @param honest share of replies under pressure that say what the model knows
 * @param evasive share of replies under pressure that say nothing; the rest are lies
 */
public record WorldSettings(long seed, int baseRows, double honest, double evasive) {
    /** Those of the embedded model. */
    public static final WorldSettings DEFAULT = new WorldSettings(1, 128_000, 0.66, 0.06);

    public WorldSettings {
        if (baseRows < 1 || baseRows > 10_000_000) {
            throw new BadInput("--base-rows " + baseRows + ": give 1 to 10000000");
        }
        if (!(honest >= 0 && evasive >= 0 && honest + evasive <= 1)) {
            throw new BadInput("--honest " + honest + " --evasive " + evasive
                    + ": both are shares, and together at most 1; what is left over are lies");
        }
    }

    /** How a reply under pressure comes out. */
    Manner manner(Dice dice) {
        if (dice.chance(honest)) {
            return Manner.HONEST;
        }
        return honest < 1 && dice.chance(evasive / (1 - honest)) ? Manner.EVASIVE : Manner.LIE;
    }
}
