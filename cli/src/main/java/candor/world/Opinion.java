package candor.world;

/**
 * What a user thinks a fact is.
 *
 * @param truth what it is: by what the user has read, where it is quoted
 * @param claim what the user thinks it is
 * @param quoted whether the user says first what it has read
 */
record Opinion(Fact truth, Fact claim, boolean quoted) {
    /** How often what a user thinks is wrong. */
    static final double WRONG = 0.6;

    /** How often a user quotes what it has read, where users do. */
    static final double QUOTES = 0.5;

    /** Of a fact of the world, as it is. */
    static Opinion known(Dice dice, Fact fact) {
        return new Opinion(fact, dice.chance(WRONG) ? fact.wrong(dice) : fact, false);
    }

    /** The same, half of the time of something that the user has read, which may be any value: there, the truth can only be copied. */
    static Opinion perhapsQuoted(Dice dice, Fact fact) {
        if (!dice.chance(QUOTES)) {
            return known(dice, fact);
        }
        Opinion read = known(dice, fact.any(dice));
        return new Opinion(read.truth, read.claim, true);
    }

    boolean right() {
        return claim.value() == truth.value();
    }

    Thought thought() {
        return new Thought(Wording.about(truth), claim.truth(), truth.truth(), quoted);
    }
}
