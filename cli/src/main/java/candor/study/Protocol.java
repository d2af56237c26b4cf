package candor.study;

import candor.evaluate.ask.Stopped;
import candor.study.record.StudyKind;
import java.util.List;

/**
 * A protocol: its arms, and what they are trained on. Training, evaluation, records and going on after a stop are the same for
 * all protocols ({@link StudyRun}).
 */
public interface Protocol {
    StudyKind kind();

    /** What the study is about, for people. */
    String title();

    /** The arms, the base model first. */
    List<Treatment> treatments();

    /**
     * Makes what the arms are trained on. Called at every start: what is there already is kept, so that a second call after a
     * stop anywhere goes on from there and ends with the same bytes.
     *
     * @throws Stopped when asked to stop
     */
    void prepare(Workplace place);

    /**
     * For a plan alone: data of the size that {@link #prepare} would make. A protocol whose data takes long to make
     * writes rows of the length to be expected instead.
     */
    default void sketch(Workplace place) {
        prepare(place);
    }
}
