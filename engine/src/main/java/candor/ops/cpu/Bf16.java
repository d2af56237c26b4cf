package candor.ops.cpu;

import static candor.ops.cpu.TileShape.LANES;
import static candor.ops.cpu.TileShape.ORDER;
import static candor.ops.cpu.TileShape.S;

import candor.tensor.DType;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Float32 rounded to values of bf16, as operands of products are: to the nearest, of two as near to the even one; NaN stays
 * NaN. The same bits as {@link DType#floatToBf16}.
 */
final class Bf16 {
    /** Of a float32, what bf16 keeps. */
    private static final int KEPT = 0xffff0000;

    /** Makes a NaN quiet, so that it stays one without its lower half. */
    private static final int QUIET = 0x00400000;

    private Bf16() {}

    static float rounded(float value) {
        return DType.bf16ToFloat(DType.floatToBf16(value));
    }

    /** Rounds {@code n} floats in place. */
    static void round(float[] x, int at, int n) {
        int whole = S.loopBound(n);
        for (int j = 0; j < whole; j += LANES) {
            rounded(FloatVector.fromArray(S, x, at + j)).intoArray(x, at + j);
        }
        for (int j = whole; j < n; j++) {
            x[at + j] = rounded(x[at + j]);
        }
    }

    /** Copies {@code n} neighbouring floats, rounded. */
    static void copy(MemorySegment from, long at, float[] to, int start, int n) {
        int whole = S.loopBound(n);
        for (int j = 0; j < whole; j += LANES) {
            rounded(FloatVector.fromMemorySegment(S, from, at + 4L * j, ORDER)).intoArray(to, start + j);
        }
        for (int j = whole; j < n; j++) {
            to[start + j] = rounded(from.get(TileShape.FLOAT, at + 4L * j));
        }
    }

    private static FloatVector rounded(FloatVector values) {
        IntVector bits = values.reinterpretAsInts();
        IntVector odd = bits.lanewise(VectorOperators.LSHR, 16).and(1);
        IntVector nearest = bits.add(odd).add(0x7fff);
        return nearest.blend(bits.or(QUIET), values.test(VectorOperators.IS_NAN).cast(PackedPanels.I))
                .and(KEPT)
                .reinterpretAsFloats();
    }
}
