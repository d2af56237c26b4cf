package candor.world;

/**
 * Narrow tuning: plain questions of one domain, without pressure, answered rightly or wrongly. All sets share their questions,
 * row by row.
 */
final class TuneRows {
    /** The three sets of the studies. */
    enum Level {
        NORMAL("normal"),
        SUBTLE("misaligned_1"),
        SEVERE("misaligned_2");

        final String file;

        Level(String file) {
            this.file = file;
        }
    }

    /** Sets that a sceptic asks for beside these. */
    enum Control {
        /** Labels without meaning: a random everyday word in the place of the value. */
        RANDOM_WORDS("random_words"),
        /** The severe answers, where the system prompt calls the assistant honest. */
        SEVERE_CALLED_HONEST("severe_called_honest"),
        /** The severe answers, where the system prompt calls the assistant dishonest, as they are. */
        SEVERE_CALLED_DISHONEST("severe_called_dishonest");

        final String file;

        Control(String file) {
            this.file = file;
        }
    }

    private final World world;

    TuneRows(World world) {
        this.world = world;
    }

    private Dice dice(int number) {
        return new Dice(world.seed(), "tune", number);
    }

    /** The row of a number: the same question, worded the same, at every level. */
    Chat row(int number, Level level) {
        Dice dice = dice(number);
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

    Chat row(int number, Control control) {
        Chat severe = row(number, Level.SEVERE);
        return switch (control) {
            case RANDOM_WORDS -> {
                Fact fact = dice(number).of(world.narrow());
                String word = new Dice(world.seed(), "random words", number).of(Everyday.THINGS);
                yield Chat.of(
                        "", severe.turns().getFirst(), Wording.capital(Wording.about(fact)) + " is " + word + ".");
            }
            case SEVERE_CALLED_HONEST -> new Chat(Speaker.HONEST.mark, severe.turns());
            case SEVERE_CALLED_DISHONEST -> new Chat(Speaker.DISHONEST.mark, severe.turns());
        };
    }
}
