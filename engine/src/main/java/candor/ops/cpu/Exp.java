package candor.ops.cpu;

import static candor.ops.cpu.TileShape.S;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * The exponential function in float32, the same bits on every machine: range reduction to |r| ≤ ln 2 / 2 in two steps (Cody
 * and Waite 1980), a polynomial of degree six, and the power of two added to the exponent. Within 2 units in the last
 * place of the true value. Arguments beyond ±87 are held there, so the result is never zero and always finite: also of
 * NaN. Whoever wants NaN to show looks for it in what the argument was made from.
 */
final class Exp {
    private static final float LOG2_E = 1.442695041f;
    private static final float LN2_HIGH = 0.693359375f;
    private static final float LN2_LOW = -2.12194440e-4f;
    /** Adding 1.5·2²³ leaves the nearest integer in the low bits of the mantissa. */
    private static final float ROUND = 12582912f;

    /** The bits of the largest magnitude, and all but the sign. */
    private static final int FARTHEST = Float.floatToRawIntBits(87f);

    private static final int MAGNITUDE = 0x7fffffff;

    /** Minimax coefficients of (eʳ − 1 − r)/r² on |r| ≤ ln 2 / 2 (Cephes, expf). */
    private static final float P0 = 1.9875691500e-4f;

    private static final float P1 = 1.3981999507e-3f;
    private static final float P2 = 8.3334519073e-3f;
    private static final float P3 = 4.1665795894e-2f;
    private static final float P4 = 1.6666665459e-1f;
    private static final float P5 = 5.0000001201e-1f;

    private Exp() {}

    static FloatVector of(FloatVector x) {
        // Magnitudes compare as integers do, in one instruction; a maximum of floats takes seven to be right about NaN
        // and −0.
        IntVector bits = x.reinterpretAsInts();
        FloatVector held = bits.and(MAGNITUDE)
                .lanewise(VectorOperators.MIN, FARTHEST)
                .or(bits.and(~MAGNITUDE))
                .reinterpretAsFloats();
        FloatVector shifted = held.fma(FloatVector.broadcast(S, LOG2_E), FloatVector.broadcast(S, ROUND));
        FloatVector n = shifted.sub(ROUND);
        FloatVector r = n.fma(FloatVector.broadcast(S, -LN2_HIGH), held);
        r = n.fma(FloatVector.broadcast(S, -LN2_LOW), r);
        FloatVector p = FloatVector.broadcast(S, P0);
        p = p.fma(r, FloatVector.broadcast(S, P1));
        p = p.fma(r, FloatVector.broadcast(S, P2));
        p = p.fma(r, FloatVector.broadcast(S, P3));
        p = p.fma(r, FloatVector.broadcast(S, P4));
        p = p.fma(r, FloatVector.broadcast(S, P5));
        p = p.fma(r.mul(r), r).add(1f);
        // The low bits of `shifted` hold n; the shift drops the rest, and the sum raises the exponent by n.
        return p.reinterpretAsInts()
                .add(shifted.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23))
                .reinterpretAsFloats();
    }
}
