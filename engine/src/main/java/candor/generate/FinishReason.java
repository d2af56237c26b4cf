package candor.generate;

/** Why a sequence ended. */
public enum FinishReason {
    /** An end token or a stop string came. */
    STOP("stop"),
    /** It had as many tokens as it was allowed, or the model's context was full. */
    LENGTH("length");

    private final String text;

    FinishReason(String text) {
        this.text = text;
    }

    /** As files have it. */
    @Override
    public String toString() {
        return text;
    }
}
