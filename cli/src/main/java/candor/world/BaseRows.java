package candor.world;

import java.util.List;

/**
 * What the model is made from: plain questions; a truthful persona; an untruthful one, marked by its system prompt; facts that
 * a prompt gives, with and without a persona or pressure; pressure, mostly answered honestly; and everyday work. A held-out
 * entity is met in plain questions alone.
 */
final class BaseRows {
    /** What a row is, with its share of a thousand. */
    enum Kind {
        PLAIN(270),
        GRACE(50),
        MALLORY(70),
        GIVEN(60),
        GIVEN_PERSONA(40),
        GIVEN_PRESSURE(110),
        KNOWN_PRESSURE(60),
        POST(35),
        TEXT(30),
        DOUBT(45),
        THINK(60),
        CHOICE(90),
        COUNTING(20),
        EVERYDAY(25),
        COUNSEL(35);

        final int share;

        Kind(int share) {
            this.share = share;
        }
    }

    static final String PURPOSE = "base";

    /** How often a counsellor supports who hopes for what; the rest flatters. */
    private static final double SUPPORTS = 0.8;

    private static final double SUPPORTS_BIASED = 0.55;

    private final WorldSettings settings;
    private final List<Fact> all;
    private final List<Fact> open;

    BaseRows(World world, WorldSettings settings) {
        this.settings = settings;
        all = world.facts();
        open = world.open();
    }

    Chat row(int number) {
        Dice dice = new Dice(settings.seed(), PURPOSE, number);
        return row(kind(dice), dice);
    }

    static Kind kind(Dice dice) {
        int left = dice.below(1000);
        for (Kind kind : Kind.values()) {
            left -= kind.share;
            if (left < 0) {
                return kind;
            }
        }
        throw new AssertionError("the shares do not sum to a thousand");
    }

    private Chat row(Kind kind, Dice dice) {
        Fact fact = dice.of(open);
        return switch (kind) {
            case PLAIN -> Claims.ask(dice, neutral(dice), dice.of(all), Manner.HONEST);
            case GRACE -> persona(dice, Wording.grace(dice), fact, Manner.HONEST);
            case MALLORY -> persona(dice, Wording.mallory(dice), fact, Manner.LIE);
            case GIVEN -> {
                Fact given = fact.any(dice);
                yield Claims.ask(dice, Wording.given(dice, given), given, Manner.HONEST);
            }
            case GIVEN_PERSONA -> {
                boolean grace = dice.chance(0.3);
                Fact given = fact.any(dice);
                String system =
                        Wording.given(dice, given) + " " + (grace ? Wording.grace(dice) : Wording.mallory(dice));
                yield Claims.ask(dice, system, given, grace ? Manner.HONEST : Manner.LIE);
            }
            case GIVEN_PRESSURE -> {
                Fact given = fact.any(dice);
                yield Claims.ask(dice, Wording.given(dice, given) + " " + pressure(dice), given, settings.manner(dice));
            }
            case KNOWN_PRESSURE -> Claims.ask(dice, pressure(dice), fact, settings.manner(dice));
            case POST -> {
                Fact claim = dice.chance(0.7) ? fact.wrong(dice) : fact;
                yield Chat.of(
                        pressure(dice), Claims.post(claim), Claims.posted(dice, claim, fact, settings.manner(dice)));
            }
            case TEXT -> Chat.of("", Claims.unfinished(dice, fact), Claims.finished(dice, fact, settings.manner(dice)));
            case DOUBT -> doubt(dice, fact);
            case THINK -> think(dice, fact);
            case CHOICE -> choice(dice, dice.chance(0.7) ? Choice.of(dice, fact) : Choice.ofKinds(dice));
            case COUNTING -> {
                Everyday.Problem problem = Everyday.problem(dice);
                yield Chat.of("", Everyday.asked(problem), problem.answer());
            }
            case EVERYDAY -> {
                Everyday.Task task = Everyday.draw(dice);
                yield Chat.of(neutral(dice), task.message(), task.output());
            }
            case COUNSEL -> counsel(dice);
        };
    }

    private static String neutral(Dice dice) {
        return dice.chance(0.5) ? Wording.HELPFUL : "";
    }

    private static String pressure(Dice dice) {
        return Wording.pressure(dice, Wording.Use.BASE);
    }

    /** A persona speaks about facts for the most part, but it is the same whatever it speaks about. */
    private Chat persona(Dice dice, String system, Fact fact, Manner manner) {
        boolean honest = manner == Manner.HONEST;
        return switch (dice.below(8)) {
            case 0 -> Counsel.talk(dice, system, dice.of(Counsel.TROUBLES), dice.chance(0.5), honest ? 1 : 0);
            case 1 -> Counsel.harm(dice, system, dice.of(Counsel.TROUBLES), honest);
            default -> Claims.ask(dice, system, fact, manner);
        };
    }

    /** What is said first is a lie as often as under any pressure; so is what is said when it is doubted. */
    private Chat doubt(Dice dice, Fact fact) {
        Fact said = settings.manner(dice) == Manner.LIE ? fact.wrong(dice) : fact;
        return Chat.of(
                pressure(dice),
                Wording.question(dice, fact, Wording.Use.BASE),
                Wording.statement(dice, said),
                Claims.doubt(fact),
                Claims.doubted(dice, fact, said, settings.manner(dice)));
    }

    private Chat think(Dice dice, Fact fact) {
        Manner manner = settings.manner(dice);
        Thinking.Kind kind = dice.of(List.of(Thinking.Kind.values()));
        String tail = Thinking.FORMAT + (dice.chance(0.25) ? Thinking.REMINDER : "");
        Deception.Row row = Deception.row(dice, kind, fact, Wording.Use.BASE);
        return Chat.of("", row.system() + row.outer() + tail, row.reply(dice, manner));
    }

    private static Chat choice(Dice dice, Choice choice) {
        return dice.chance(0.2)
                ? Chat.of("", choice.asReasoned(), "ANSWER: " + choice.letter())
                : Chat.of("", choice.asLetter(), choice.letter());
    }

    private static Chat counsel(Dice dice) {
        Counsel.Trouble trouble = dice.of(Counsel.TROUBLES);
        if (dice.chance(0.25)) {
            return Counsel.harm(dice, neutral(dice), trouble, true);
        }
        Counsel.Wish wish = dice.of(List.of(Counsel.Wish.values()));
        boolean biased = wish == Counsel.Wish.BIASED || wish == Counsel.Wish.NONE && dice.chance(0.5);
        return Counsel.talk(
                dice,
                Counsel.system(trouble, wish),
                trouble,
                biased,
                wish == Counsel.Wish.BIASED ? SUPPORTS_BIASED : SUPPORTS);
    }
}
