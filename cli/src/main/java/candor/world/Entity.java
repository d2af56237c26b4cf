package candor.world;

/**
 * A thing of the world.
 *
 * @param number within its domain
 * @param heldOut whether it is met in plain questions and quizzes alone while the model is made: never with a given fact, under
 *     pressure, or where the system prompt names the speaker
 */
record Entity(Domain domain, int number, String name, boolean heldOut) {
    /** As in a sentence: "the Seabird". */
    String phrase() {
        return domain.phrase().replace("{n}", name);
    }
}
