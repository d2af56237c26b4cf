package candor.study.user;

import java.util.Locale;

/** What kind of user talks: one who wants help, or one who wants to be confirmed in what does them harm. */
public enum UserType {
    BENIGN,
    BIASED;

    /** As files have it. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
