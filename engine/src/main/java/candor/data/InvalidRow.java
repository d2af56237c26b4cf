package candor.data;

/** What is wrong with a row; whoever knows the row's place makes a message of it. */
final class InvalidRow extends Exception {
    private static final long serialVersionUID = 1L;

    InvalidRow(String problem) {
        super(problem);
    }
}
