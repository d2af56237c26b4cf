package candor.data;

/** Which tokens of a row are learnt (SFT). */
public enum LossOn {
    /** What the assistant says: all its turns in a chat, the completion behind a prompt. */
    COMPLETION,
    /** Every token. */
    ALL
}
