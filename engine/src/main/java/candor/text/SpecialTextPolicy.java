package candor.text;

/** What to do with the text of a special token inside a message. */
public enum SpecialTextPolicy {
    /** The row is bad input: the tokenizer would take that text for the token. */
    REFUSE,
    /** It becomes the token, as in transformers. */
    KEEP
}
