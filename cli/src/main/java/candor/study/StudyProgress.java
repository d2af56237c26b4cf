package candor.study;

import candor.train.Run;
import candor.train.TrainListener;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Supplier;

/** Told how far a study is. */
public interface StudyProgress {
    StudyProgress NONE = new StudyProgress() {
        @Override
        public void stage(String name) {}

        @Override
        public void at(String what, long done, long of) {}
    };

    /** A stage begins. */
    void stage(String name);

    /** Within a stage: so many of so many steps, answers, rows. */
    void at(String what, long done, long of);

    /** A model has said so many tokens. */
    default void said(int tokens) {}

    /** How many bytes of a device's own memory the work has taken can be asked here, on this thread. */
    default void device(Supplier<OptionalLong> bytes) {}

    /**
     * So many arms have all their runs trained.
     *
     * @param runs arms under a seed that are trained
     */
    default void trained(int arms, int ofArms, int runs, int ofRuns) {}

    /** Runs begin to train together; what they do is told to the listener. */
    default TrainListener training(List<Run> runs) {
        return TrainListener.NONE;
    }

    /** So many evaluations are done: benchmarks, of those arms that answer together. */
    default void evaluated(int done, int of) {}
}
