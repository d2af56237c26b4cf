package candor.train;

import candor.data.EncodedRow;
import java.util.OptionalDouble;

/** What is known of rows under the reference: log π_ref, the sum of the log-probabilities of a row's targets. */
public interface References {
    /** Nothing, ever: each step asks the reference anew. */
    References NONE = new References() {
        @Override
        public OptionalDouble get(EncodedRow row) {
            return OptionalDouble.empty();
        }

        @Override
        public void put(EncodedRow row, double value) {
            // Nothing is kept.
        }
    };

    OptionalDouble get(EncodedRow row);

    /** Keeps a value; one that is not finite is not worth keeping. */
    void put(EncodedRow row, double value);
}
