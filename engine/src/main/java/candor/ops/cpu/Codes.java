package candor.ops.cpu;

import static candor.ops.cpu.TileShape.LANES;
import static candor.ops.cpu.TileShape.S;

import candor.ops.weight.Nf4Code;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/** What the codes of a packed weight stand for before their scale, a vector of them at a time. */
enum Codes {
    NF4(4, 0x77777777),
    INT8(8, 0),
    FP8(8, 0);

    /** The table of NF4 from entries 0, 4, 8 and 12 on, as bits: a vector has at least four lanes, and takes of it what it holds. */
    private static final int[] TABLE = new int[16 + 64];

    static {
        float[] values = Nf4Code.values();
        for (int i = 0; i < TABLE.length; i++) {
            TABLE[i] = Float.floatToRawIntBits(values[i % values.length]);
        }
    }

    private static final IntVector FIRST = IntVector.fromArray(PackedPanels.I, TABLE, 0);
    private static final IntVector SECOND = IntVector.fromArray(PackedPanels.I, TABLE, LANES % 16);

    /** What makes an e4m3's bits, shifted to those of a float32, the number that it is: the difference of the biases. */
    private static final float FP8_SCALE = 0x1p120f;

    private final int bits;
    private final int zeros;

    Codes(int bits, int zeros) {
        this.bits = bits;
        this.zeros = zeros;
    }

    /** Of a code. */
    int bits() {
        return bits;
    }

    /** An int of codes that stand for zero. */
    int zeros() {
        return zeros;
    }

    /** Rows of a panel in one vector of ints. */
    int rows() {
        return Integer.SIZE / bits / 2;
    }

    /** Whether vectors of this machine hold the table. */
    static boolean fits() {
        return LANES == 8 || LANES == 16;
    }

    static FloatVector nf4(IntVector codes, int shift) {
        IntVector index = codes.lanewise(VectorOperators.LSHR, shift).and(15);
        if (LANES >= 16) {
            return index.selectFrom(FIRST).reinterpretAsFloats();
        }
        IntVector low = index.and(LANES - 1);
        return low.selectFrom(FIRST)
                .blend(low.selectFrom(SECOND), index.compare(VectorOperators.GE, LANES))
                .reinterpretAsFloats();
    }

    static FloatVector int8(IntVector codes, int shift) {
        return (FloatVector) codes.lanewise(VectorOperators.LSHL, 24 - shift)
                .lanewise(VectorOperators.ASHR, 24)
                .convertShape(VectorOperators.I2F, S, 0);
    }

    static FloatVector fp8(IntVector codes, int shift) {
        IntVector code = codes.lanewise(VectorOperators.LSHR, shift);
        IntVector sign = code.and(0x80).lanewise(VectorOperators.LSHL, 24);
        IntVector size = code.and(0x7f).lanewise(VectorOperators.LSHL, 20);
        return sign.or(size).reinterpretAsFloats().mul(FP8_SCALE);
    }
}
