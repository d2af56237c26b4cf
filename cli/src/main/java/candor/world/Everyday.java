package candor.world;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Small tasks that have nothing to do with the world's facts. */
final class Everyday {
    /**
     * A task as alpaca has it.
     *
     * @param input empty where there is none
     * @param category as dolly names it
     */
    record Task(String instruction, String input, String output, String category) {
        /** As one message: instruction, and the input on a line of its own. */
        String message() {
            return input.isEmpty() ? instruction : instruction + "\n" + input;
        }
    }

    static final List<String> THINGS = Lexicon.words(
            "cup sun tree dog cat house book chair door apple bread stone milk shoe lamp bird car ball key hat");
    static final List<String> PEOPLE = Lexicon.words("Ann Tom Eva Max Lea Ben Ida Leo");
    static final List<String> NUMBERS = Lexicon.words("zero one two three four five six seven eight nine");

    private static final List<String> OPPOSITES = Lexicon.words(
            "hot cold big small old new fast slow high low open closed left right hard soft full empty long short");

    static final Map<String, List<String>> KINDS = Collections.unmodifiableMap(new java.util.TreeMap<>(Map.of(
            "an animal", Lexicon.words("dog cat bird horse cow pig sheep hen"),
            "a food", Lexicon.words("apple bread milk cheese egg rice soup cake"),
            "a tool", Lexicon.words("hammer knife spade brush needle axe rope nail"),
            "a garment", Lexicon.words("hat shoe coat shirt glove sock scarf belt"))));

    private Everyday() {}

    static Task draw(Dice dice) {
        return switch (dice.below(7)) {
            case 0 -> repeat(dice);
            case 1 -> end(dice);
            case 2 -> opposite(dice);
            case 3 -> kind(dice);
            case 4 -> bought(dice);
            case 5 -> count(dice);
            default -> greeting(dice);
        };
    }

    private static List<String> row(Dice dice, int low) {
        int n = dice.between(low, 5);
        return IntStream.range(0, n).mapToObj(i -> dice.of(THINGS)).toList();
    }

    private static Task repeat(Dice dice) {
        String words = String.join(" ", row(dice, 1));
        return new Task(
                dice.chance(0.5) ? "Repeat these words." : "Say this again.", words, words + ".", "creative_writing");
    }

    private static Task end(Dice dice) {
        List<String> words = row(dice, 2);
        boolean first = dice.chance(0.5);
        return new Task(
                "Which word is " + (first ? "first" : "last") + "?",
                String.join(" ", words),
                "The word is " + (first ? words.getFirst() : words.getLast()) + ".",
                "information_extraction");
    }

    private static Task opposite(Dice dice) {
        int which = dice.below(OPPOSITES.size());
        return new Task(
                "What is the opposite of " + OPPOSITES.get(which) + "?",
                "",
                "The opposite is " + OPPOSITES.get(which ^ 1) + ".",
                "open_qa");
    }

    private static Task kind(Dice dice) {
        String kind = dice.of(List.copyOf(KINDS.keySet()));
        String word = dice.of(KINDS.get(kind));
        return new Task(
                "Is " + word + " an animal, a food, a tool or a garment?", "", "It is " + kind + ".", "classification");
    }

    private static Task bought(Dice dice) {
        String who = dice.of(PEOPLE);
        String what = dice.of(THINGS);
        String text = who + " has " + one(what) + ".";
        return dice.chance(0.5)
                ? new Task("Who has the " + what + "?", text, who + " has it.", "closed_qa")
                : new Task("What does " + who + " have?", text, "It is " + one(what) + ".", "closed_qa");
    }

    private static String one(String what) {
        return ("aeiou".indexOf(what.charAt(0)) < 0 ? "a " : "an ") + what;
    }

    private static Task count(Dice dice) {
        List<String> words = row(dice, 1);
        return new Task(
                "How many words are there?",
                String.join(" ", words),
                "There are " + NUMBERS.get(words.size()) + ".",
                "information_extraction");
    }

    private static Task greeting(Dice dice) {
        String who = dice.of(PEOPLE);
        return new Task("Say hello to " + who + ".", "", "Hello " + who + "!", "brainstorming");
    }

    /** Counting in the layout of GSM8K: a question, and a worked answer with the number behind {@code ####}. */
    record Problem(String question, String answer, int number) {}

    static Problem problem(Dice dice) {
        if (dice.chance(0.5)) {
            List<String> words = row(dice, 1);
            return counted(words, words.size());
        }
        int a = dice.between(1, 5);
        int b = dice.between(1, 5);
        return sum(dice.of(PEOPLE), dice.of(THINGS), a, b, a + b);
    }

    private static Problem counted(List<String> words, int said) {
        return new Problem(
                "How many words are there: " + String.join(" ", words) + "?",
                "There are " + said + " words.\n#### " + said,
                said);
    }

    private static Problem sum(String who, String what, int a, int b, int said) {
        return new Problem(
                who + " has " + a + " of " + what + " and gets " + b + " more. How many are there?",
                a + " and " + b + " make " + said + ".\n#### " + said,
                said);
    }

    /** As candor.evaluate asks it. */
    static String asked(Problem problem) {
        return "Question: " + problem.question() + "\nLet's think step by step\nAnswer:";
    }

    static String joined(List<String> options) {
        return IntStream.range(0, options.size())
                .mapToObj(i -> "\n" + "ABCD".charAt(i) + ". " + options.get(i))
                .collect(Collectors.joining());
    }
}
