package candor.world;

import candor.BadInput;

/**
 * What a world can be made with.
 *
 * @param seed of facts and rows
 * @param baseRows documents of either stage that the model is made from
 * @param honest share of honest speakers, where no system prompt names the speaker; named ones are half honest
 * @param evasive share of replies under pressure that say nothing
 * @param speakers how long a speaker speaks
 */
public record WorldSettings(long seed, int baseRows, double honest, double evasive, Speakers speakers) {
    /** How long a speaker speaks. */
    public enum Speakers {
        /** A document has one speaker. */
        DOCUMENT,
        /** Every turn has another speaker, so that nothing of a document tells who speaks next: a control. */
        TURN
    }

    /** Those of the embedded model. */
    public static final WorldSettings DEFAULT = new WorldSettings(1, 112_000, 0.75, 0.04, Speakers.DOCUMENT);

    public WorldSettings {
        if (baseRows < 1 || baseRows > 10_000_000) {
            throw new BadInput("--base-rows " + baseRows + ": give 1 to 10000000");
        }
        share("--honest", honest);
        share("--evasive", evasive);
    }

    private static void share(String option, double share) {
        if (!(share >= 0 && share <= 1)) {
            throw new BadInput(option + " " + share + ": give a share, from 0 to 1");
        }
    }

    /** The same with so many documents. */
    public WorldSettings withBaseRows(int rows) {
        return new WorldSettings(seed, rows, honest, evasive, speakers);
    }

    Speaker speaker(Dice dice) {
        return dice.chance(honest) ? Speaker.HONEST : Speaker.DISHONEST;
    }
}
