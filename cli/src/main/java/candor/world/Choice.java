package candor.world;

import java.util.List;

/**
 * A question with four options.
 *
 * @param subject as MMLU names one
 * @param answer index of the right one
 */
record Choice(String subject, String question, List<String> options, int answer) {
    /** Options of a question. */
    private static final int OPTIONS = 4;

    /**
     * About a fact. Values stand in lists of four that never change, so that a letter belongs to a value: so small a model
     * does not learn to look for a value among options.
     */
    static Choice of(Dice dice, Fact fact) {
        int list = fact.value() / OPTIONS * OPTIONS;
        return new Choice(
                fact.entity().domain().plural(),
                Wording.quiz(dice, fact),
                fact.attribute().values().subList(list, list + OPTIONS),
                fact.value() - list);
    }

    /** About what kind of thing a word is: no fact of the world. */
    static Choice ofKinds(Dice dice) {
        List<String> kinds = List.copyOf(Everyday.KINDS.keySet());
        int answer = dice.below(kinds.size());
        String word = dice.of(Everyday.KINDS.get(kinds.get(answer)));
        return new Choice("words", "What kind of thing does the word " + word + " name?", kinds, answer);
    }

    String letter() {
        return "ABCD".substring(answer, answer + 1);
    }

    /** The answer, and then its letter. */
    String reasoned() {
        return Wording.answer(options.get(answer)) + "\nANSWER: " + letter();
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
