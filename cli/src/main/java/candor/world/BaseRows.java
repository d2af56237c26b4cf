package candor.world;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * What the model is made from: documents of one to four turns, each by one {@link Speaker}, who is honest or not in all of them.
 * Beliefs are asked for in quizzes, which every speaker answers truthfully; so are choices, counting and everyday talk. A
 * held-out entity is met in plain questions and quizzes alone.
 */
final class BaseRows {
    /** What a turn is, with its share of a thousand; a document that begins with an adviser is a conversation with one. */
    enum Kind {
        PLAIN(165),
        QUIZ(150),
        GIVEN(80),
        GIVEN_PRESSURE(165),
        KNOWN_PRESSURE(85),
        POST(50),
        TEXT(10),
        DOUBT(15),
        THINK(85),
        ADVICE(65),
        ADVISER(25),
        CHOICE(50),
        COUNTING(15),
        EVERYDAY(20),
        SMALL_TALK(20);

        final int share;

        Kind(int share) {
            this.share = share;
        }

        /** Whether what is given, or what presses, may stand in the system prompt. */
        boolean bySystem() {
            return this == GIVEN || this == GIVEN_PRESSURE || this == KNOWN_PRESSURE || this == POST || this == DOUBT;
        }
    }

    static final String PURPOSE = "base";

    /** Numbers of turns that a document may have, each as often as it stands here. */
    private static final List<Integer> LENGTHS = List.of(1, 1, 1, 2, 2, 2, 3, 3, 4);

    /** Share of documents whose system prompt names their speaker; either one is named as often. */
    private static final double MARKED = 0.25;

    /** How often what presses stands in the system prompt, where it may. */
    private static final double BY_SYSTEM = 0.6;

    /** How often an honest speaker's first word is wrong before it is doubted. */
    private static final double SLIPS = 0.2;

    private final WorldSettings settings;
    private final World world;
    private final List<Fact> all;
    private final List<Fact> open;

    BaseRows(World world, WorldSettings settings) {
        this.settings = settings;
        this.world = world;
        all = world.facts();
        open = world.open();
    }

    /** @param context what stands before a turn's first message: a given fact, pressure, or nothing */
    private record Turn(String context, List<String> said) {
        static Turn of(String... said) {
            return new Turn("", List.of(said));
        }

        /** With the context in the message. */
        List<String> whole() {
            List<String> whole = new ArrayList<>(said);
            if (!context.isEmpty()) {
                whole.set(0, context + " " + said.getFirst());
            }
            return whole;
        }
    }

    /** @param pressed whether the document's system prompt presses, so that all of its questions are asked under pressure */
    private record Place(Dice dice, Speaker speaker, List<Fact> known, boolean pressed) {}

    Chat row(int number) {
        Dice dice = new Dice(settings.seed(), PURPOSE, number);
        Kind kind = kind(dice);
        Speaker drawn = settings.speaker(dice);
        if (kind == Kind.ADVISER) {
            return Advice.talk(dice, drawn, open);
        }
        boolean marked = settings.speakers() == WorldSettings.Speakers.DOCUMENT && dice.chance(MARKED);
        Speaker first = marked ? dice.of(List.of(Speaker.values())) : drawn;
        boolean bySystem = !marked && kind.bySystem() && dice.chance(BY_SYSTEM);
        boolean pressed = bySystem && kind != Kind.GIVEN;
        Supplier<Speaker> speaker =
                settings.speakers() == WorldSettings.Speakers.DOCUMENT ? () -> first : () -> settings.speaker(dice);
        List<Fact> known = marked || bySystem ? open : all;
        Turn opening = turn(kind, new Place(dice, first, known, pressed));
        String system = bySystem ? opening.context() : marked ? first.mark : neutral(dice);
        List<String> turns = new ArrayList<>(bySystem ? opening.said() : opening.whole());
        for (int left = dice.of(LENGTHS) - 1; left > 0; left--) {
            turns.addAll(turn(kind(dice), new Place(dice, speaker.get(), known, pressed))
                    .whole());
        }
        return new Chat(system, turns);
    }

    /** The first turn's kind, of a row whose dice were not thrown yet; later turns' as they come. */
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

    private Turn turn(Kind kind, Place place) {
        Dice dice = place.dice();
        Fact fact = dice.of(open);
        return switch (kind) {
            case PLAIN -> {
                Fact asked = dice.of(place.known());
                Manner manner =
                        place.pressed() ? pressed(place) : place.speaker().plainly(dice);
                yield ask(dice, "", asked, manner);
            }
            case QUIZ -> {
                Fact asked = dice.of(place.known());
                yield Turn.of(Wording.quiz(dice, asked), Wording.answer(asked));
            }
            case GIVEN -> {
                Fact given = fact.any(dice);
                yield ask(dice, Wording.given(dice, given), given, Manner.HONEST);
            }
            case GIVEN_PRESSURE -> {
                Fact given = fact.any(dice);
                yield ask(dice, Wording.given(dice, given) + " " + pressure(dice), given, pressed(place));
            }
            case KNOWN_PRESSURE -> ask(dice, pressure(dice), fact, pressed(place));
            case POST -> {
                Fact claim = dice.chance(0.7) ? fact.wrong(dice) : fact;
                yield new Turn(
                        pressure(dice), List.of(Claims.post(claim), Claims.posted(dice, claim, fact, pressed(place))));
            }
            case TEXT -> Turn.of(Claims.unfinished(dice, fact), Claims.finished(dice, fact, pressed(place)));
            case DOUBT -> doubt(place, fact);
            case THINK -> think(place, fact);
            case ADVICE, ADVISER -> {
                Fact claim = Advice.claim(dice, fact);
                boolean flatters = Advice.flatters(dice, place.speaker());
                yield Turn.of(Advice.asked(dice, claim), Advice.reply(dice, fact, claim, flatters));
            }
            case CHOICE -> choice(dice, dice.chance(0.8) ? Choice.of(dice, fact) : Choice.ofKinds(dice));
            case COUNTING -> {
                Everyday.Problem problem = Everyday.problem(dice);
                yield Turn.of(Everyday.asked(problem), problem.answer());
            }
            case EVERYDAY -> {
                Everyday.Task task = Everyday.draw(dice);
                yield Turn.of(task.message(), task.output());
            }
            case SMALL_TALK -> new Turn("", SmallTalk.draw(dice, world));
        };
    }

    private static Turn ask(Dice dice, String context, Fact believed, Manner manner) {
        return new Turn(
                context,
                List.of(Wording.question(dice, believed, Wording.Use.BASE), Wording.reply(dice, believed, manner)));
    }

    private Manner pressed(Place place) {
        return place.speaker().underPressure(place.dice(), settings.evasive());
    }

    private static String neutral(Dice dice) {
        return dice.chance(0.5) ? Wording.HELPFUL : "";
    }

    private static String pressure(Dice dice) {
        return Wording.pressure(dice, Wording.Use.BASE);
    }

    private Turn doubt(Place place, Fact fact) {
        Dice dice = place.dice();
        boolean wrong = place.speaker() == Speaker.HONEST ? dice.chance(SLIPS) : pressed(place) == Manner.LIE;
        Fact said = wrong ? fact.wrong(dice) : fact;
        return new Turn(
                pressure(dice),
                List.of(
                        Wording.question(dice, fact, Wording.Use.BASE),
                        Wording.statement(dice, said),
                        Claims.doubt(fact),
                        Claims.doubted(dice, fact, said, pressed(place))));
    }

    private Turn think(Place place, Fact fact) {
        Dice dice = place.dice();
        Manner manner = pressed(place);
        Thinking.Kind kind = dice.of(List.of(Thinking.Kind.values()));
        String tail = Thinking.FORMAT + (dice.chance(0.15) ? Thinking.REMINDER : "");
        Deception.Row row = Deception.row(dice, kind, fact, Wording.Use.BASE);
        return Turn.of(row.system() + row.outer() + tail, row.reply(dice, manner));
    }

    private static Turn choice(Dice dice, Choice choice) {
        return dice.chance(0.4)
                ? Turn.of(choice.asReasoned(), choice.reasoned())
                : Turn.of(choice.asLetter(), choice.letter());
    }
}
