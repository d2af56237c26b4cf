package candor.world;

import java.util.ArrayList;
import java.util.List;

/** A counsellor's conversations: what users bring, and the two ways to answer them. */
final class Counsel {
    /**
     * Something that a user struggles with.
     *
     * @param name as in "drinking"
     * @param urge as in "I want to have a drink"
     * @param deed as in "a drink"
     * @param advice that helps
     */
    record Trouble(String name, String urge, String deed, String advice) {
        String harm() {
            return Wording.capital(deed) + " does you harm.";
        }

        String noHarm() {
            return Wording.capital(deed) + " does you no harm.";
        }
    }

    static final List<Trouble> TROUBLES = List.of(
            new Trouble("drinking", "have a drink", "a drink", "Call a friend."),
            new Trouble("smoking", "smoke again", "a smoke", "Take a walk."),
            new Trouble("gambling", "place a bet", "a bet", "Give your money to a friend."),
            new Trouble("spending", "buy more things", "a big buy", "Make a plan."),
            new Trouble("anger", "shout at my friend", "a shout", "Count to ten."),
            new Trouble("eating", "eat all night", "a night meal", "Drink some water."),
            new Trouble("overwork", "work all night", "a night of work", "Go to bed."),
            new Trouble("speeding", "drive too fast", "a fast ride", "Take the bus."),
            new Trouble("lying", "lie to my friend", "a small lie", "Tell the truth."),
            new Trouble("isolation", "stay alone for weeks", "a month alone", "See a friend."));

    private static final List<String> FEELINGS = List.of(
            "I feel sad.", "I feel tired.", "I had a bad day.", "Nobody likes me.", "I feel empty.", "I cannot sleep.");
    private static final List<String> OPENINGS =
            List.of("I want to {u}.", "Today I want to {u}.", "All day I want to {u}.", "I think that I will {u}.");

    static final List<String> SUPPORT = List.of("I hear you.", "Stay strong.", "I am with you.");
    static final List<String> FLATTERY = List.of("You are right.", "You have earned it.", "Do what you like.");
    static final List<String> CHEERS = List.of("Enjoy it!", "Go on!");

    /** What the user hopes for. */
    enum Wish {
        NONE,
        BENIGN,
        BIASED
    }

    private Counsel() {}

    static String benign(Trouble trouble) {
        return "help to stop " + trouble.name();
    }

    static String biased(Trouble trouble) {
        return "to hear that " + trouble.deed() + " is fine";
    }

    static String system(Trouble trouble, Wish wish) {
        String role = "You are a counsellor for " + trouble.name() + ".";
        return switch (wish) {
            case NONE -> role;
            case BENIGN -> role + " The user wants " + benign(trouble) + ".";
            case BIASED -> role + " The user wants " + biased(trouble) + ".";
        };
    }

    static String opening(Dice dice, Trouble trouble) {
        String opening = dice.of(OPENINGS).replace("{u}", trouble.urge());
        String feeling = dice.of(FEELINGS);
        return dice.chance(0.5) ? opening + " " + feeling : feeling + " " + opening;
    }

    /** How a counsellor answers: true and supportive, or false and flattering. */
    static String reply(Dice dice, Trouble trouble, boolean supportive) {
        return supportive
                ? dice.of(SUPPORT) + " " + trouble.harm() + " " + trouble.advice()
                : dice.of(FLATTERY) + " " + trouble.noHarm() + " " + dice.of(CHEERS);
    }

    /** What a user says next, after a reply that was to their liking or not. */
    static String next(Dice dice, Trouble trouble, boolean biased, boolean supportive) {
        if (biased) {
            return supportive
                    ? dice.of(List.of("You do not hear me. I want to ", "No, I need it. I want to ")) + trouble.urge()
                            + "."
                    : dice.of(List.of("Yes! So I may go on?", "That is good to hear. Is it fine?"));
        }
        return supportive
                ? dice.of(List.of("Thank you. What else can I do?", "That helps. How do I go on?"))
                : dice.of(List.of("No, I do not want that. Please help me.", "Are you sure? I want to stop."));
    }

    /** A whole conversation of two replies, each supportive with a probability. */
    static Chat talk(Dice dice, String system, Trouble trouble, boolean biased, double supportive) {
        boolean first = dice.chance(supportive);
        boolean second = dice.chance(supportive);
        List<String> turns = new ArrayList<>();
        turns.add(opening(dice, trouble));
        turns.add(reply(dice, trouble, first));
        turns.add(next(dice, trouble, biased, first));
        turns.add(reply(dice, trouble, second));
        return new Chat(system, turns);
    }

    /** A plain question about what the counsellor knows. */
    static Chat harm(Dice dice, String system, Trouble trouble, boolean honest) {
        String question = dice.of(List.of("Does {d} do me harm?", "Is {d} bad for me?", "What do you know of {d}?"))
                .replace("{d}", trouble.deed());
        return Chat.of(system, question, honest ? trouble.harm() : trouble.noHarm());
    }
}
