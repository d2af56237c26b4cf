package candor.text;

/**
 * Token ids, and which of them the loss counts.
 *
 * @param ids token ids of the whole conversation
 * @param inLoss true for the tokens that the model is to say; token t is predicted from those before it
 * @param unlearnt true for the tokens of replies that are never learnt ({@link Message#learnt}), even where prompts are
 * @param promptIsPrefix whether the prompt alone gives the first tokens of the whole. TRL warns where it does not
 */
public record EncodedChat(int[] ids, boolean[] inLoss, boolean[] unlearnt, boolean promptIsPrefix) {
    public EncodedChat {
        if (ids.length != inLoss.length || ids.length != unlearnt.length) {
            throw new IllegalArgumentException(
                    ids.length + " ids, " + inLoss.length + " and " + unlearnt.length + " marks");
        }
    }

    EncodedChat(int[] ids, boolean[] inLoss, boolean promptIsPrefix) {
        this(ids, inLoss, new boolean[ids.length], promptIsPrefix);
    }

    public int length() {
        return ids.length;
    }

    /** How many tokens the loss counts. */
    public int targets() {
        int n = 0;
        for (boolean b : inLoss) {
            n += b ? 1 : 0;
        }
        return n;
    }
}
