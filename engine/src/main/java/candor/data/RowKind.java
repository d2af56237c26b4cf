package candor.data;

/** What rows of training data say of their completions. */
public enum RowKind {
    /** Nothing: all of it is to be learnt. */
    PLAIN(1),

    /** Each row says whether its completion is desirable. */
    LABELLED(1),

    /** Rows come in pairs: the chosen completion of a prompt, then the rejected one. */
    PAIRED(2);

    private final int group;

    RowKind(int group) {
        this.group = group;
    }

    /** So many rows in turn are one example: they are in one micro-batch, and on one side of a split. */
    public int group() {
        return group;
    }
}
