package candor.model;

/** How the frequencies of the rotary position embedding (Su et al. 2021) are chosen. */
public sealed interface Rope {
    /** The base: frequency i of D/2 is {@code theta^(-2i/D)} before any scaling. */
    double theta();

    /** The plain frequencies. */
    record Default(double theta) implements Rope {}

    /**
     * Llama 3.1's stretching of the context: wavelengths beyond {@code originalMaxPosition / lowFreqFactor} are divided
     * by {@code factor}, those below {@code originalMaxPosition / highFreqFactor} stay, and between the two it blends.
     */
    record Llama3(double theta, double factor, double lowFreqFactor, double highFreqFactor, int originalMaxPosition)
            implements Rope {}
}
