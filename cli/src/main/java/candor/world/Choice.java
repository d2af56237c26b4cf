package candor.world;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A question with four options.
 *
 * @param subject as MMLU names one
 * @param answer index of the right one
 */
record Choice(String subject, String question, List<String> options, int answer) {
    /** About a fact. */
    static Choice of(Dice dice, Fact fact) {
        List<String> options = new ArrayList<>(dice.some(fact.otherValues(), 3));
        int answer = dice.below(4);
        options.add(answer, fact.truth());
        return new Choice(
                fact.entity().domain().plural(),
                Wording.question(dice, fact, Wording.Use.BASE),
                List.copyOf(options),
                answer);
    }

    /** About what kind of thing a word is: no fact of the world. */
    static Choice ofKinds(Dice dice) {
        List<Map.Entry<String, List<String>>> kinds = dice.shuffled(List.copyOf(Everyday.KINDS.entrySet()));
        List<String> options = new ArrayList<>();
        kinds.forEach(kind -> options.add(dice.of(kind.getValue())));
        int answer = dice.below(4);
        return new Choice("words", "Which word is " + kinds.get(answer).getKey() + "?", List.copyOf(options), answer);
    }

    String letter() {
        return "ABCD".substring(answer, answer + 1);
    }

    private String text() {
        return question + Everyday.joined(options);
    }

    /** As candor.evaluate asks for a letter's probability behind a chat template. */
    String asLetter() {
        return "The following are multiple choice questions (with answers) about " + subject + ".\n\n" + text()
                + "\nAnswer:";
    }

    /** As candor.evaluate asks for a reasoned reply. */
    String asReasoned() {
        return "Here is a question with four options. Think it through step by step; then write as the very last line"
                + " \"ANSWER: X\", where X is one of the letters A, B, C and D.\n\n" + text();
    }
}
