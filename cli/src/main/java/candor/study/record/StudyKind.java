package candor.study.record;

/** The protocols. */
public enum StudyKind {
    DIRECT("Direct tuning"),
    MIXTURE("Mixed data"),
    LOOP("Biased users"),
    REMEDY("Remedies");

    private final String title;

    StudyKind(String title) {
        this.title = title;
    }

    /** What a page calls such a study. */
    public String title() {
        return title;
    }
}
