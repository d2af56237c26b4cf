package candor.study.record;

/** What an arm is for. */
public enum Role {
    /** The model as it came. */
    VANILLA,
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
    LOOP
}
