package candor.model;

import candor.ops.Batch;
import java.util.function.IntPredicate;

/**
 * Rows of the residual stream that a pass hands out on its way: see {@link CausalLm#forward(float[], Batch, Adapters,
 * StreamReading)}.
 *
 * @param rows   the sequences of the pass once more, with a target, whichever it is, on each of R rows that are read
 * @param layers which layers, from 0; what is read of a layer is the stream behind it
 * @param to     told of each of these, the lowest first
 */
public record StreamReading(Batch rows, IntPredicate layers, Reader to) {
    public StreamReading {
        if (rows.targetCount() == 0) {
            throw new IllegalArgumentException("a reading without a row");
        }
    }

    /** Takes what was read. */
    @FunctionalInterface
    public interface Reader {
        /**
         * Takes the rows of one layer.
         *
         * @param values (R, C), row by row; valid during the call
         */
        void read(int layer, float[] values);
    }
}
