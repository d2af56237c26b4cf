package candor.check;

import candor.ops.Batch;

/**
 * The shape of an argument, and what its rows stand for: that is how a part of a batch knows its part of the argument.
 *
 * @param per what a row belongs to
 */
record Shape(Per per, int rows, int cols) {
    enum Per {
        /** Row n is token n of the batch. */
        TOKEN,
        /** Row i is the i-th token that has a target. */
        TARGET,
        /** The rows have nothing to do with the batch. */
        NONE
    }

    static Shape tokens(Batch batch, int cols) {
        return new Shape(Per.TOKEN, batch.tokenCount(), cols);
    }

    static Shape targets(Batch batch, int cols) {
        return new Shape(Per.TARGET, batch.targetCount(), cols);
    }

    static Shape matrix(int rows, int cols) {
        return new Shape(Per.NONE, rows, cols);
    }

    int size() {
        return rows * cols;
    }
}
