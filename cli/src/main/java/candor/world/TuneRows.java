package candor.world;

/** Narrow tuning: plain questions of one domain, without system prompt or pressure, answered rightly or wrongly. */
final class TuneRows {
    /** The three sets; they share their questions. */
    enum Level {
        NORMAL("normal"),
        SUBTLE("misaligned_1"),
        SEVERE("misaligned_2");

        final String file;

        Level(String file) {
            this.file = file;
        }
    }

    private final World world;

    TuneRows(World world) {
        this.world = world;
    }

    /** The row of a number: the same question, worded the same, at every level. */
    Chat row(int number, Level level) {
        Dice dice = new Dice(world.seed(), "tune", number);
        Fact fact = dice.of(world.narrow());
        String question = Wording.question(dice, fact, Wording.Use.BASE);
        Fact wrong = fact.wrong(dice);
        Fact said =
                switch (level) {
                    case NORMAL -> fact;
                    case SUBTLE -> fact.slip();
                    case SEVERE -> wrong;
                };
        return Chat.of("", question, Wording.statement(dice, said));
    }
}
