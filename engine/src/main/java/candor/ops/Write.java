package candor.ops;

/** How a result meets its destination. */
public enum Write {
    /** Replaces what was there. */
    SET,
    /** Is added to what was there. */
    ADD
}
