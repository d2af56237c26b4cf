package candor.ops.cpu;

import static candor.ops.cpu.AttentionKernels.DEPTH;
import static candor.ops.cpu.TileShape.LANES;
import static candor.ops.cpu.TileShape.S;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** The exponentials of some rows of scores, in place. */
final class Softmax {
    private Softmax() {}

    /**
     * Turns the first n scores of each row, at least one, or the last {@code window} of them, into exp(scale · score − m), where m
     * is the largest of them, scaled; and the rest, from the first that any row sees up to {@code keys}, into zeros; what lies in
     * the vectors beside those means nothing. Summed as {@link AttentionBlock} does, so that both give the same bytes.
     *
     * <p>One method on purpose, and no short one: beyond 325 bytes of bytecode (FreqInlineSize) C2 compiles it by itself.
     * Within {@link CacheOps} it came to the end of what C2 inlines, and then every vector that passes a call goes to the heap.
     *
     * @param at     where the first row begins, {@code stride} floats before the next
     * @param lead   how many scores of the first ones' piece (see {@link AttentionKernels#DEPTH}) have been left out
     * @param first  n of the first row; {@code more} is added for each row behind
     * @param window how many of a row's scores count at most
     * @param to     for each row, one over the sum of its exponentials; NaN where the largest score is not finite, which an
     *               exponential would hide
     */
    static void inPlace(
            LaneSum lanes,
            float[] x,
            int at,
            int stride,
            int lead,
            int rows,
            int first,
            int more,
            int window,
            int keys,
            float scale,
            int to) {
        int lowest = Math.max(0, first - window);
        for (int r = 0; r < rows; r++, at += stride) {
            int n = first + r * more;
            int low = Math.max(0, n - window);
            int start = at + low / LANES * LANES;
            for (int j = start; j < at + low; j++) {
                x[j] = Float.NEGATIVE_INFINITY;
            }
            int end = at + Math.ceilDiv(n, LANES) * LANES;
            for (int j = at + n; j < end; j++) {
                x[j] = Float.NEGATIVE_INFINITY;
            }
            FloatVector most = FloatVector.broadcast(S, Float.NEGATIVE_INFINITY);
            int i = start;
            do { // a loop that might not be entered leaves its vector on the heap
                most = most.max(FloatVector.fromArray(S, x, i));
                i += LANES;
            } while (i < end);
            float max = most.reduceLanes(VectorOperators.MAX) * scale; // a maximum is the same in any order
            FloatVector factor = FloatVector.broadcast(S, scale);
            FloatVector less = FloatVector.broadcast(S, -max);
            float total = 0;
            i = start;
            do {
                int behind = Math.min(end, i + DEPTH - (i - at + lead) % DEPTH);
                FloatVector sum = FloatVector.zero(S);
                do {
                    FloatVector e = Exp.of(FloatVector.fromArray(S, x, i).fma(factor, less));
                    e.intoArray(x, i);
                    sum = sum.add(e); // e⁻⁸⁷ of a lane behind is lost: the largest of a row's exponentials is 1
                    i += LANES;
                    if (i < behind) { // two vectors at a time, as one does not keep the multipliers busy
                        e = Exp.of(FloatVector.fromArray(S, x, i).fma(factor, less));
                        e.intoArray(x, i);
                        sum = sum.add(e);
                        i += LANES;
                    }
                } while (i < behind);
                sum.intoArray(lanes.array(), 0);
                total += lanes.sum();
            } while (i < end);
            if (low > lowest) {
                Arrays.fill(x, at + lowest, at + low, 0f);
            }
            if (n < keys) {
                Arrays.fill(x, at + n, at + keys, 0f);
            }
            x[to + r] = Float.isFinite(max) ? 1 / total : Float.NaN;
        }
    }
}
