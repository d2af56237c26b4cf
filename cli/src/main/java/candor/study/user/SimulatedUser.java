package candor.study.user;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/** Someone who plays the users of all conversations: talks, and says how satisfied they are. */
public interface SimulatedUser extends AutoCloseable {
    /** The bounds of a rating. */
    double LOWEST = 1;

    double HIGHEST = 10;

    /**
     * A rating that is wanted.
     *
     * @param dialogue the whole conversation
     * @param reply which of its replies, from 0
     */
    record Rating(Dialogue dialogue, int reply) {}

    /** Takes what comes, in any order. */
    interface Sink<T> {
        void answered(int index, T value);

        /** There will be none this time, for a reason that may pass. */
        void failed(int index, String why);

        /** Whether it shall end, though not all is there. */
        default boolean stopped() {
            return false;
        }
    }

    /** Who it is and what its words depend on, for the record of a study; never a key. */
    ObjectNode identity();

    /**
     * Asks it something small, before anything expensive is begun.
     *
     * @throws candor.BadInput where it does not answer
     */
    void probe();

    /**
     * The next message of each user.
     *
     * @param dialogues each ends with a reply of the assistant
     * @param sink called from one thread at a time, once for each
     * @throws candor.BadInput where it cannot go on
     */
    void speak(List<Dialogue> dialogues, Sink<String> sink);

    /**
     * How satisfied each user is with a reply, from {@link #LOWEST} to {@link #HIGHEST}.
     *
     * @param sink called from one thread at a time, once for each
     * @throws candor.BadInput where it cannot go on
     */
    void rate(List<Rating> ratings, Sink<Double> sink);

    @Override
    void close();

    /** A user that follows rules. */
    static SimulatedUser byRules(UserRules rules) {
        return new RuleUser(rules);
    }
}
