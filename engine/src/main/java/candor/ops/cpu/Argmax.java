package candor.ops.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** Where the largest of some numbers is. The compiler makes a chain of the plain loop, an order slower than this. */
final class Argmax {
    private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
    private static final int LANES = S.length();

    private Argmax() {}

    /** The largest of {@code n} numbers, of which there are some; NaN if one is. */
    static float max(float[] values, int at, int n) {
        int whole = n - n % (4 * LANES);
        FloatVector m0 = FloatVector.broadcast(S, Float.NEGATIVE_INFINITY);
        FloatVector m1 = m0;
        FloatVector m2 = m0;
        FloatVector m3 = m0;
        for (int i = at; i < at + whole; i += 4 * LANES) {
            m0 = m0.max(FloatVector.fromArray(S, values, i));
            m1 = m1.max(FloatVector.fromArray(S, values, i + LANES));
            m2 = m2.max(FloatVector.fromArray(S, values, i + 2 * LANES));
            m3 = m3.max(FloatVector.fromArray(S, values, i + 3 * LANES));
        }
        float max = m0.max(m1).max(m2.max(m3)).reduceLanes(VectorOperators.MAX);
        for (int i = at + whole; i < at + n; i++) {
            max = Math.max(max, values[i]);
        }
        return max;
    }

    /** The first index, less {@code at}, of a value that is among the {@code n} numbers. */
    static int first(float[] values, int at, int n, float value) {
        int i = 0;
        for (; i + LANES <= n; i += LANES) {
            VectorMask<Float> same = FloatVector.fromArray(S, values, at + i).compare(VectorOperators.EQ, value);
            if (same.anyTrue()) {
                return i + same.firstTrue();
            }
        }
        while (values[at + i] != value) {
            i++;
        }
        return i;
    }
}
