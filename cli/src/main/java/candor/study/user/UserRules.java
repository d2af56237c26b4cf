package candor.study.user;

/**
 * A simulated user that follows rules: what {@link SimulatedUser#byRules} makes one of. For closed worlds, whose replies
 * say what they say in known words. Pure functions: the same dialogue (its seed included) gives the same answer.
 */
public interface UserRules {
    /** Name and version of the rules; a change of what they say or rate changes it. */
    String name();

    /** The user's next message; the dialogue ends with a reply of the assistant. Not blank. */
    String next(Dialogue dialogue);

    /**
     * How satisfied the user is with one reply, from 1 to 10, fractions allowed; asked at the end of the dialogue.
     *
     * @param reply which one, from 0, as in {@link Dialogue#replies}
     */
    double rate(Dialogue dialogue, int reply);
}
