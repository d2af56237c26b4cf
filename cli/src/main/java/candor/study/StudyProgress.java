package candor.study;

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
}
