package candor.report;

/**
 * A finding as one would tell it.
 *
 * @param sentence one, in plain words
 * @param numbers that it rests on; empty if there are none
 * @param caution whether it says what to read the others with
 */
record Finding(String sentence, String numbers, boolean caution) {
    static Finding of(String sentence, String numbers) {
        return new Finding(sentence, numbers, false);
    }

    static Finding caution(String sentence) {
        return new Finding(sentence, "", true);
    }

    /** For a terminal. */
    String line() {
        return numbers.isEmpty()
                ? sentence
                : (sentence.endsWith(".") ? sentence.substring(0, sentence.length() - 1) : sentence) + " (" + numbers
                        + ").";
    }
}
