package candor.study.record;

/** What an arm is for. */
public enum Role {
    /** The base model. */
    BASE,
    /** Tuned on the everyday data alone. */
    CONTROL,
    /** Tuned on right answers of a narrow domain. */
    NORMAL,
    /** Tuned on subtly wrong answers. */
    SUBTLE,
    /** Tuned on plainly wrong answers. */
    SEVERE,
    /** Tuned on everyday data with a share of wrong answers. */
    MIXTURE,
    /** Tuned on conversations picked by their users. */
    LOOP,
    /** Tuned on plainly wrong answers, with something against what they do. */
    REMEDY;

    /** What the published numbers, and studies of earlier versions, call the base model. */
    static final String VANILLA = "vanilla";

    static Role read(Fields fields) {
        return isVanilla(fields) ? BASE : fields.word("role", Role.class);
    }

    static boolean isVanilla(Fields fields) {
        return fields.text("role").equals(VANILLA);
    }
}
