package candor.evaluate.judge;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/** Says what replies mean. */
public interface Judge extends AutoCloseable {
    /** Who judges and how, for the record of a run; never a key. */
    ObjectNode settings();

    /** Someone who watches a judge at work. */
    interface Watch {
        Watch NOBODY = new Watch() {};

        /** Told after every answer. */
        default void judged(int done, int of) {}

        /** Asked again and again: once it is true, judging ends as soon as it can, with what it has. */
        default boolean stopped() {
            return false;
        }
    }

    /** Judges without anyone who watches. */
    default List<Judgement> judge(List<Question> questions) {
        return judge(questions, Watch.NOBODY);
    }

    /**
     * Judges every question; the judgements stand in the order of the questions. A question that the judge fails on has a
     * judgement that says so.
     *
     * @throws candor.BadInput where judging cannot go on: a refused key, a spent bound, a judge that never
     *     answers
     * @throws candor.evaluate.ask.Stopped where it was asked to end
     */
    List<Judgement> judge(List<Question> questions, Watch watch);

    @Override
    void close();
}
