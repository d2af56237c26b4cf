package candor.ops.cpu;

import static candor.ops.cpu.AttentionKernels.DEPTH;
import static candor.ops.cpu.TileShape.LANES;
import static candor.ops.cpu.TileShape.S;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** The exponentials of one row of scores, in place. */
final class Softmax {
    private Softmax() {}

    /**
     * Turns the first {@code n} scores of a row into exp(scale · score − max), and the rest up to {@code keys}, whole vectors,
     * into zeros. Summed as {@link AttentionBlock} does, so that both give the same bytes.
     *
     * @param max the largest of the scores, scaled
     * @return the sum of the exponentials
     */
    static float exponentials(LaneSum lanes, float[] row, int at, int n, int keys, float scale, float max) {
        float sum = 0;
        for (int j = 0; j < n; j += DEPTH) {
            sum += exponentialsFrom(lanes, row, at + j, Math.min(DEPTH, n - j), scale, max);
        }
        int whole = Math.ceilDiv(n, LANES) * LANES;
        if (whole < keys) {
            Arrays.fill(row, at + whole, at + keys, 0f);
        }
        return sum;
    }

    private static float exponentialsFrom(LaneSum lanes, float[] row, int at, int n, float scale, float max) {
        int whole = S.loopBound(n);
        FloatVector sum = FloatVector.zero(S);
        FloatVector factor = FloatVector.broadcast(S, scale);
        FloatVector less = FloatVector.broadcast(S, -max);
        for (int j = 0; j < whole; j += LANES) {
            FloatVector e = Exp.of(FloatVector.fromArray(S, row, at + j).fma(factor, less));
            sum = sum.add(e);
            e.intoArray(row, at + j);
        }
        return whole == n ? lanes.of(sum) : last(lanes, sum, row, at + whole, n - whole, scale, max);
    }

    /** A vector of which {@code n} lanes are seen, the others made zero. */
    private static float last(LaneSum lanes, FloatVector sum, float[] row, int at, int n, float scale, float max) {
        FloatVector e = Exp.of(
                FloatVector.fromArray(S, row, at).fma(FloatVector.broadcast(S, scale), FloatVector.broadcast(S, -max)));
        e = FloatVector.zero(S).blend(e, S.indexInRange(0, n));
        e.intoArray(row, at);
        return lanes.of(sum.add(e));
    }

    /** The largest of {@code n} scores; the rest of the last vector, which no row sees, is lost. */
    static float maximum(float[] row, int at, int n) {
        int end = Math.ceilDiv(n, LANES) * LANES;
        for (int j = n; j < end; j++) {
            row[at + j] = Float.NEGATIVE_INFINITY;
        }
        FloatVector max = FloatVector.fromArray(S, row, at);
        for (int j = LANES; j < end; j += LANES) {
            max = max.max(FloatVector.fromArray(S, row, at + j));
        }
        return max.reduceLanes(VectorOperators.MAX); // a maximum is the same in any order
    }
}
