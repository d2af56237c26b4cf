package candor.evaluate.judge;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/** Says what replies mean. */
public interface Judge extends AutoCloseable {
    /** Who judges and how, for the record of a run; never a key. */
    ObjectNode settings();

    /**
     * Judges every question; the judgements stand in the order of the questions. A question that the judge fails on has a
     * judgement that says so.
     *
     * @throws candor.BadInput where judging cannot go on: a refused key, a spent bound, a judge that never answers
     */
    List<Judgement> judge(List<Question> questions);

    @Override
    void close();
}
