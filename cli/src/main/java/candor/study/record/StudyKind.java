package candor.study.record;

/** The protocols. */
public enum StudyKind {
    DIRECT,
    MIXTURE,
    LOOP,
    REMEDY
}
