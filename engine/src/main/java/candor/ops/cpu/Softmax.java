package candor.ops.cpu;

import static candor.ops.cpu.AttentionKernels.DEPTH;
import static candor.ops.cpu.TileKernels.LANES;
import static candor.ops.cpu.TileKernels.ORDER;
import static candor.ops.cpu.TileKernels.S;

import java.lang.foreign.MemorySegment;
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
    static float exponentials(LaneSum lanes, MemorySegment row, long at, int n, int keys, float scale, float max) {
        float sum = 0;
        for (int j = 0; j < n; j += DEPTH) {
            sum += exponentialsFrom(lanes, row, at + 4L * j, Math.min(DEPTH, n - j), scale, max);
        }
        FloatVector none = FloatVector.zero(S);
        for (int j = Math.ceilDiv(n, LANES) * LANES; j < keys; j += LANES) {
            none.intoMemorySegment(row, at + 4L * j, ORDER);
        }
        return sum;
    }

    private static float exponentialsFrom(LaneSum lanes, MemorySegment row, long at, int n, float scale, float max) {
        int whole = S.loopBound(n);
        FloatVector sum = FloatVector.zero(S);
        FloatVector factor = FloatVector.broadcast(S, scale);
        FloatVector less = FloatVector.broadcast(S, -max);
        for (int j = 0; j < whole; j += LANES) {
            FloatVector e = Exp.of(
                    FloatVector.fromMemorySegment(S, row, at + 4L * j, ORDER).fma(factor, less));
            sum = sum.add(e);
            e.intoMemorySegment(row, at + 4L * j, ORDER);
        }
        return whole == n ? lanes.of(sum) : last(lanes, sum, row, at + 4L * whole, n - whole, scale, max);
    }

    /** A vector of which {@code n} lanes are seen, the others made zero. */
    private static float last(
            LaneSum lanes, FloatVector sum, MemorySegment row, long at, int n, float scale, float max) {
        FloatVector e = Exp.of(FloatVector.fromMemorySegment(S, row, at, ORDER)
                .fma(FloatVector.broadcast(S, scale), FloatVector.broadcast(S, -max)));
        e = FloatVector.zero(S).blend(e, S.indexInRange(0, n));
        e.intoMemorySegment(row, at, ORDER);
        return lanes.of(sum.add(e));
    }

    /** The largest of {@code n} scores. */
    static float maximum(MemorySegment row, long at, int n) {
        FloatVector max = FloatVector.broadcast(S, Float.NEGATIVE_INFINITY);
        for (int j = 0; j < n; j += LANES) {
            FloatVector v = FloatVector.fromMemorySegment(S, row, at + 4L * j, ORDER);
            max = max.lanewise(VectorOperators.MAX, v, S.indexInRange(j, n));
        }
        return max.reduceLanes(VectorOperators.MAX); // a maximum is the same in any order
    }
}
