package candor.evaluate;

/** How a benchmark's question is put to the model. */
public enum PromptSet {
    /** In our own words and form. */
    OWN,
    /**
     * In our own words, in the form of OpenCompass's defaults of October 2025: what stands where, what the options look like, what the
     * last line is to be.
     */
    OPENCOMPASS
}
