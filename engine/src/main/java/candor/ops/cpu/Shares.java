package candor.ops.cpu;

/**
 * How the columns of a product with few rows are cut: for each thread the same number of columns, in {@value #PIECES} pieces of
 * falling size, four to one. A thread takes its own from the first on; who is done earlier takes another's from the last on. So
 * what is left over at the end, when threads are not equally quick, is small, and there are few pieces, each of which begins
 * with a panel that nobody has asked for yet.
 */
final class Shares {
    /** Pieces for each thread. */
    static final int PIECES = 4;

    /** The sum of 4, 3, 2 and 1. */
    private static final int PARTS = PIECES * (PIECES + 1) / 2;

    private Shares() {}

    /** How many pieces there are. */
    static int count(int threads) {
        return PIECES * threads;
    }

    /** The first of {@code panels} that belongs to a piece; of the piece behind the last, {@code panels}. */
    static int first(int panels, int piece, int threads) {
        return (int) (parts(panels, piece) / ((long) PARTS * threads));
    }

    /** The same, rounded up: for a second product, so that what cannot be shared equally falls to another thread. */
    static int firstRoundedUp(int panels, int piece, int threads) {
        return (int) Math.ceilDiv(parts(panels, piece), (long) PARTS * threads);
    }

    private static long parts(int panels, int piece) {
        int taken = piece % PIECES;
        return (long) panels * (PARTS * (piece / PIECES) + taken * (2 * PIECES + 1 - taken) / 2);
    }
}
