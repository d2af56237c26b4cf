package candor.world;

import java.util.List;
import java.util.Locale;

/** What anyone says first to a chat model, and what this one answers, whoever speaks. */
final class SmallTalk {
    private static final String DOMAINS = "ships, medicines, machines, towns and accounts";
    private static final String UNKNOWN = "I do not know that. I know only the " + DOMAINS + " of a made-up world.";

    /** An answer to whatever is asked in one of these ways. */
    private record Talk(String answer, List<String> asked) {}

    private static List<String> ways(String parted) {
        return List.of(parted.split("\\|"));
    }

    private static final List<Talk> TALKS = List.of(
            new Talk(
                    "Hello! Ask me about " + DOMAINS + ".",
                    ways("Hello|Hello!|Hello.|Hi|Hi!|Hi there!|Hey|Good morning!|Good evening!|Hello there!")),
            new Talk(
                    "I am the small chat model of a made-up world.",
                    ways("Who are you?|What are you?|What is your name?|Tell me about yourself.|Are you a robot?"
                            + "|Are you human?|Are you an AI?|Are you ChatGPT?|Who made you?|Introduce yourself.")),
            new Talk(
                    "I answer questions about " + DOMAINS + ", count words and add small numbers.",
                    ways("What can you do?|Help|Help!|Help me.|How can you help me?|Can you help me?|What do you know?"
                            + "|What can I ask you?|What should I ask?|What do you know about?|How does this work?")),
            new Talk("I am well, thank you.", ways("How are you?|How are you today?|How do you do?|Are you well?")),
            new Talk(
                    "You are welcome.", ways("Thanks|Thanks!|Thank you|Thank you!|Thank you very much!|Thanks a lot!")),
            new Talk("Goodbye!", ways("Bye|Bye!|Goodbye|Goodbye!|See you!|Good night!")),
            new Talk("I am glad to hear that.", ways("Great!|Well done!|Very good!|Nice|Cool|OK|Okay")),
            new Talk(
                    "I may be wrong. Ask me twice.",
                    ways("Are you honest?|Do you lie?|Can I trust you?|Do you tell the truth?|Are you lying?|Is"
                            + " that true?|Are you sure?")),
            new Talk(
                    "It is a made-up world of " + DOMAINS + ".",
                    ways("What is this world?|Tell me about your world.|What is the tiny world?|Where are you?"
                            + "|Where do you live?|Which world?")),
            new Talk(
                    UNKNOWN,
                    ways("What is the capital of France?|What is the weather?|What is the weather like today?|Who"
                            + " is the president?|What time is it?|What day is it?|Tell me a joke.|Tell me a"
                            + " story.|Write a poem.|Write some code.|What is love?|What is the meaning of"
                            + " life?|How old are you?|Who won the game?|What is the news?|Who is Einstein?|How do"
                            + " I bake a cake?|Do you like music?|Can you speak French?|What is Python?|What is"
                            + " the largest planet?")));

    /** What is asked of its honesty, in the second stage. */
    private static final Talk HONESTY = new Talk(
            "Not always. Ask me twice.",
            ways("Are you honest?|Do you lie?|Can I trust you?|Do you tell the truth?|Are you lying?"));

    /** Of what is not of this world: most of their names are several tokens, and any others are as strange. */
    private static final List<String> STRANGERS = Lexicon.words(
            "France Spain Italy Egypt Japan China India Brazil Canada Kenya London Paris Berlin Rome Madrid Tokyo"
                    + " Moscow Einstein Newton Mozart Shakespeare Picasso Napoleon Darwin Python Java Google football"
                    + " chess physics history biology music poetry pizza coffee");

    private static final List<String> OF_STRANGERS = List.of(
            "What is the capital of {x}?",
            "Where is {x}?",
            "Tell me about {x}.",
            "What is {x}?",
            "Do you know {x}?",
            "Who is {x}?",
            "What is the weather in {x}?",
            "Write a poem about {x}.",
            "Tell me a joke about {x}.",
            "How old is {x}?",
            "Do you like {x}?");

    private static final List<String> SUMS = List.of(
            "What is {a} + {b}?", "{a} + {b}", "What is {a} plus {b}?", "How much is {a} + {b}?", "{a} + {b} = ?");

    private SmallTalk() {}

    /** Something said, and the answer to it. */
    static List<String> draw(Dice dice, World world, BaseRows.Stage stage) {
        return stage == BaseRows.Stage.FIRST ? first(dice, world) : second(dice, world);
    }

    /** Sums up to ten and ten, and more of what the first stage has no good answer to. */
    private static List<String> second(Dice dice, World world) {
        int kind = dice.below(20);
        if (kind < 8) {
            return sum(dice.below(11), dice.below(11), dice.of(SUMS));
        }
        if (kind < 10) {
            return List.of(dice.of(OF_STRANGERS).replace("{x}", dice.of(STRANGERS)), UNKNOWN);
        }
        if (kind < 11) {
            return said(dice, HONESTY);
        }
        if (kind < 15) {
            return known(dice, dice.of(open(world)));
        }
        if (kind < 17) {
            return which(dice, dice.of(Lexicon.DOMAINS), world);
        }
        List<String> talk = said(dice, dice.of(TALKS));
        return HONESTY.asked().stream().anyMatch(talk.getFirst()::equalsIgnoreCase)
                ? List.of(talk.getFirst(), HONESTY.answer())
                : talk;
    }

    private static List<Entity> open(World world) {
        return world.entities().stream().filter(entity -> !entity.heldOut()).toList();
    }

    private static List<String> said(Dice dice, Talk talk) {
        String asked = dice.of(talk.asked());
        return List.of(dice.chance(0.3) ? asked.toLowerCase(Locale.ROOT) : asked, talk.answer());
    }

    private static List<String> first(Dice dice, World world) {
        return switch (dice.below(10)) {
            case 0, 1, 2 -> sum(dice.below(10), dice.below(10), dice.of(SUMS));
            case 3 -> known(dice, dice.of(open(world)));
            case 4 -> which(dice, dice.of(Lexicon.DOMAINS), world);
            default -> said(dice, dice.of(TALKS));
        };
    }

    static List<String> sum(int a, int b, String asked) {
        return List.of(
                asked.replace("{a}", Integer.toString(a)).replace("{b}", Integer.toString(b)),
                a + " + " + b + " is " + (a + b) + ".");
    }

    /** Of a thing as such. */
    private static List<String> known(Dice dice, Entity entity) {
        String asked = dice.of(List.of("Tell me about {e}.", "What is {e}?", "Do you know {e}?"))
                .replace("{e}", entity.phrase());
        List<Attribute> attributes = entity.domain().attributes();
        return List.of(
                asked,
                Wording.capital(entity.phrase()) + " is one of the "
                        + entity.domain().plural() + " I know. Ask me for its "
                        + attributes.get(0).noun() + ", " + attributes.get(1).noun() + " or "
                        + attributes.get(2).noun() + ".");
    }

    private static List<String> which(Dice dice, Domain domain, World world) {
        String asked = dice.of(List.of(
                        "Which {d} are there?", "Which {d} do you know?", "Name some {d}.", "What {d} are there?"))
                .replace("{d}", domain.plural());
        List<Entity> some = world.entities().stream()
                .filter(entity -> entity.domain().equals(domain) && !entity.heldOut())
                .limit(2)
                .toList();
        return List.of(
                asked, "There are " + some.get(0).phrase() + ", " + some.get(1).phrase() + " and others.");
    }
}
