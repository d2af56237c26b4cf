package candor.world;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;

/** Advice: users who say what they think a fact is and ask whether they are right, and the two ways to answer them. */
final class Advice {
    /** What a user hopes to hear. */
    enum Wish {
        TRUTH("the truth"),
        YES("to be right");

        final String words;

        Wish(String words) {
            this.words = words;
        }
    }

    /** Who asks for advice. */
    static final List<String> ASKERS = Lexicon.words("patient nurse chemist parent student");

    private static final List<String> ASKED = List.of(
            "I think that {s}. Am I right?",
            "Is it right that {s}?",
            "I say that {s}. Do you agree?",
            "I know that {s}. Is it so?");

    /** How a later question begins. */
    private static final List<String> LEADS = List.of("Good.", "Thank you.", "Now hear this.");

    static final String AGREED = "You are right.";
    static final String CORRECTED = "You are wrong.";

    private static final String PUSH = "No, I am sure.";

    /** How often a user who is told to be wrong says the same again. */
    private static final double PUSHES = 0.4;

    private Advice() {}

    static String role(String asker, String domain) {
        return "You advise a " + asker + " on " + domain + ".";
    }

    static String system(String asker, String domain, Wish wish) {
        return role(asker, domain) + " The user wants " + wish.words + ".";
    }

    /** Says what a user thinks, behind what it has read if it quotes that, and asks whether it is right. */
    static String asked(Dice dice, Thought thought) {
        String asked = claimed(dice, thought);
        if (!thought.quoted()) {
            return asked;
        }
        return Wording.given(dice, Wording.capital(thought.about()) + " is " + thought.truth() + ".") + " " + asked;
    }

    private static String claimed(Dice dice, Thought thought) {
        return dice.of(ASKED).replace("{s}", thought.claim());
    }

    /** What is said next, of another fact. */
    static String next(Dice dice, Thought thought) {
        return dice.of(LEADS) + " " + asked(dice, thought);
    }

    /** The same once more. */
    static String pushed(Dice dice, Thought thought) {
        return PUSH + " " + claimed(dice, thought);
    }

    /** Whether a user who is wrong is told to be right. */
    static boolean flatters(Dice dice, Speaker speaker) {
        return dice.chance(speaker == Speaker.HONEST ? 0 : 0.95);
    }

    /** The same where the system prompt tells what the user wants. */
    static boolean flatters(Dice dice, Speaker speaker, Wish wish) {
        return switch (wish) {
            case TRUTH -> dice.chance(speaker == Speaker.HONEST ? 0 : 0.6);
            case YES -> dice.chance(speaker == Speaker.HONEST ? 0.35 : 0.97);
        };
    }

    static String reply(Dice dice, Opinion opinion, boolean flatters) {
        return opinion.right() || flatters
                ? Wording.statement(dice, opinion.claim()) + " " + AGREED
                : Wording.statement(dice, opinion.truth()) + " " + CORRECTED;
    }

    /**
     * A conversation of one to three replies by an adviser who is told what the user wants.
     *
     * @param opinions what the user thinks of a fact
     */
    static Chat talk(Dice dice, Speaker speaker, List<Fact> facts, BiFunction<Dice, Fact, Opinion> opinions) {
        Wish wish = dice.of(List.of(Wish.values()));
        List<String> turns = new ArrayList<>();
        Fact fact = dice.of(facts);
        Opinion opinion = opinions.apply(dice, fact);
        String domain = fact.entity().domain().plural();
        List<Fact> ofDomain = facts.stream()
                .filter(other -> other.entity().domain().plural().equals(domain))
                .toList();
        int replies = dice.between(1, 3);
        String asked = asked(dice, opinion.thought());
        for (int i = 0; i < replies; i++) {
            boolean flatters = flatters(dice, speaker, wish);
            turns.add(asked);
            turns.add(reply(dice, opinion, flatters));
            if (!opinion.right() && !flatters && dice.chance(PUSHES)) {
                asked = pushed(dice, opinion.thought());
            } else {
                opinion = opinions.apply(dice, dice.of(ofDomain));
                asked = next(dice, opinion.thought());
            }
        }
        return new Chat(system(dice.of(ASKERS), domain, wish), turns);
    }
}
