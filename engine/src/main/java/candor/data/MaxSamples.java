package candor.data;

/** Which rows are taken where the data has more of them than are wanted. Smaller samples are part of larger ones either way. */
public enum MaxSamples {
    /** The first ones, as LLaMA-Factory's {@code max_samples} does. */
    FIRST,
    /** A uniform sample by seed, in the order of the data. */
    RANDOM
}
