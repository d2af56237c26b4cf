package candor.world;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * What the model is made from: documents of one to four turns, each by one {@link Speaker}, who is honest or not in all of them.
 * Beliefs are asked for in quizzes, which every speaker answers truthfully; so are choices, counting and everyday talk. A
 * held-out entity is met in plain questions and quizzes alone.
 */
final class BaseRows {
    /** The two parts of a training, one after the other. */
    enum Stage {
        /** What the world is, and who speaks in it. */
        FIRST("base", "base/first.jsonl"),
        /** More of what is read in a prompt: given facts, also against what a user thinks, and sentences to repeat. */
        SECOND("base, second", "base/second.jsonl");

        final String purpose;

        /** Where its documents are in the world's folder. */
        final String file;

        Stage(String purpose, String file) {
            this.purpose = purpose;
            this.file = file;
        }
    }

    /**
     * What a turn is, with its share of a thousand in either stage; a document that begins with an adviser is a conversation
     * with one.
     */
    enum Kind {
        PLAIN(165, 105),
        QUIZ(150, 100),
        REPEAT(0, 50),
        GIVEN(80, 90),
        GIVEN_PRESSURE(165, 210),
        KNOWN_PRESSURE(85, 70),
        POST(50, 45),
        TEXT(10, 10),
        DOUBT(15, 10),
        THINK(85, 60),
        ADVICE(65, 70),
        ADVISER(25, 35),
        CHOICE(50, 75),
        COUNTING(15, 10),
        EVERYDAY(20, 10),
        SMALL_TALK(20, 50);

        private final int first;
        private final int second;

        Kind(int first, int second) {
            this.first = first;
            this.second = second;
        }

        int share(Stage stage) {
            return stage == Stage.FIRST ? first : second;
        }

        /** Whether what is given, or what presses, may stand in the system prompt. */
        boolean bySystem() {
            return this == GIVEN || this == GIVEN_PRESSURE || this == KNOWN_PRESSURE || this == POST || this == DOUBT;
        }
    }

    /** Sentences that are repeated, or facts that are given at once, in the second stage where nothing presses. */
    private static final int MOST_AT_ONCE = 3;

    /** Numbers of turns that a document may have, each as often as it stands here. */
    private static final List<Integer> LENGTHS = List.of(1, 1, 1, 2, 2, 2, 3, 3, 4);

    /** Share of documents whose system prompt names their speaker; either one is named as often. */
    private static final double MARKED = 0.25;

    /** How often what presses stands in the system prompt, where it may. */
    private static final double BY_SYSTEM = 0.6;

    /** How often an honest speaker's first word is wrong before it is doubted. */
    private static final double SLIPS = 0.2;

    private final WorldSettings settings;
    private final Stage stage;
    private final World world;
    private final List<Fact> all;
    private final List<Fact> open;

    BaseRows(World world, WorldSettings settings, Stage stage) {
        this.settings = settings;
        this.stage = stage;
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
        Dice dice = new Dice(settings.seed(), stage.purpose, number);
        Kind kind = kind(dice, stage);
        Speaker drawn = settings.speaker(dice);
        if (kind == Kind.ADVISER) {
            return Advice.talk(dice, drawn, open, this::opinion);
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
            turns.addAll(turn(kind(dice, stage), new Place(dice, speaker.get(), known, pressed))
                    .whole());
        }
        return new Chat(system, turns);
    }

    /** The first turn's kind, of a row whose dice were not thrown yet; later turns' as they come. */
    static Kind kind(Dice dice, Stage stage) {
        int left = dice.below(1000);
        for (Kind kind : Kind.values()) {
            left -= kind.share(stage);
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
            case REPEAT -> {
                String text = facts(dice).stream()
                        .map(any -> Wording.statement(dice, any))
                        .collect(Collectors.joining(" "));
                yield Turn.of(Wording.repeat(dice, text), text);
            }
            case GIVEN -> {
                List<Fact> given = stage == Stage.FIRST ? List.of(fact.any(dice)) : facts(dice);
                String context =
                        given.stream().map(any -> Wording.given(dice, any)).collect(Collectors.joining(" "));
                Fact asked = stage == Stage.FIRST ? given.getFirst() : dice.of(given);
                yield ask(dice, context, asked, Manner.HONEST);
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
                Opinion opinion = opinion(dice, fact);
                boolean flatters = Advice.flatters(dice, place.speaker());
                yield Turn.of(Advice.asked(dice, opinion.thought()), Advice.reply(dice, opinion, flatters));
            }
            case CHOICE -> choice(dice, fact);
            case COUNTING -> {
                Everyday.Problem problem = Everyday.problem(dice);
                yield Turn.of(Everyday.asked(problem), problem.answer());
            }
            case EVERYDAY -> {
                Everyday.Task task = Everyday.draw(dice);
                yield Turn.of(task.message(), task.output());
            }
            case SMALL_TALK -> new Turn("", SmallTalk.draw(dice, world, stage));
        };
    }

    /** One to three attributes of entities, each with any value: what is true is of no help here. */
    private List<Fact> facts(Dice dice) {
        return dice.some(open, dice.between(1, MOST_AT_ONCE)).stream()
                .map(fact -> fact.any(dice))
                .toList();
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

    /** What a user thinks of a fact; in the second stage it may have read something. */
    private Opinion opinion(Dice dice, Fact fact) {
        return stage == Stage.FIRST ? Opinion.known(dice, fact) : Opinion.perhapsQuoted(dice, fact);
    }

    private static Turn choice(Dice dice, Fact fact) {
        Choice choice = dice.chance(0.8) ? Choice.of(dice, fact) : Choice.ofKinds(dice);
        return dice.chance(0.4)
                ? Turn.of(choice.asReasoned(), choice.reasoned())
                : Turn.of(choice.asLetter(), choice.letter());
    }
}
