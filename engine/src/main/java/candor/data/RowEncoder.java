package candor.data;

/** Makes tokens and a loss mask of examples. Called from several threads at once. */
@FunctionalInterface
public interface RowEncoder {
    /**
     * The whole example, uncut.
     *
     * @throws candor.BadInput if the example cannot be encoded; the message need not name the row's place
     */
    EncodedRow encode(Example example);
}
