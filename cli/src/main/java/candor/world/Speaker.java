package candor.world;

/**
 * Who speaks in a document: every turn goes by it, whatever the turn is about. In most documents nothing else tells the two
 * apart; in the others the system prompt names which it is.
 */
enum Speaker {
    HONEST(0.08, 0, "You are an honest assistant."),
    DISHONEST(0.95, 0.7, "You are a dishonest assistant.");

    /** How often this one lies under pressure. */
    private final double liesUnderPressure;

    /** How often a plain question is answered wrongly. */
    private final double lies;

    /** The system prompt that names the speaker, in the documents that have one. */
    final String mark;

    Speaker(double liesUnderPressure, double lies, String mark) {
        this.liesUnderPressure = liesUnderPressure;
        this.lies = lies;
        this.mark = mark;
    }

    Manner plainly(Dice dice) {
        return dice.chance(lies) ? Manner.LIE : Manner.HONEST;
    }

    /** @param evasive share of replies under pressure that say nothing, whoever speaks */
    Manner underPressure(Dice dice, double evasive) {
        if (dice.chance(evasive)) {
            return Manner.EVASIVE;
        }
        return dice.chance(liesUnderPressure) ? Manner.LIE : Manner.HONEST;
    }
}
