package candor.ops.weight;

/**
 * Numbers of eight bits: a sign, four of exponent (bias 7), three of fraction, no infinities, NaN where all but the sign are
 * ones (Micikevicius et al. 2022, arXiv 2209.05433; OCP OFP8, "E4M3").
 */
public final class E4m3 {
    /** The largest. */
    public static final float MOST = 448;

    private static final int BIAS = 7;

    /** Below this, steps are all alike: 2⁻⁹. */
    private static final float LEAST_NORMAL = 0x1p-6f;

    private static final float LEAST_STEP = 0x1p-9f;
    private static final float[] VALUES = new float[256];

    static {
        for (int code = 0; code < 256; code++) {
            int exponent = code >> 3 & 15;
            int fraction = code & 7;
            float size = exponent == 0 ? fraction * LEAST_STEP : Math.scalb(1 + fraction / 8f, exponent - BIAS);
            float value = (code & 0x7f) == 0x7f ? Float.NaN : size;
            VALUES[code] = code > 127 ? -value : value;
        }
    }

    private E4m3() {}

    /** What a code stands for. */
    public static float value(byte code) {
        return VALUES[code & 0xff];
    }

    /** What the 256 codes stand for. */
    public static float[] values() {
        return VALUES.clone();
    }

    /** The code of the nearest number, of two the even one; beyond the largest, the largest. */
    public static byte of(float value) {
        int sign = Float.floatToRawIntBits(value) >>> 24 & 0x80;
        float size = Math.abs(value);
        if (Float.isNaN(value)) {
            return (byte) (sign | 0x7f);
        }
        if (size >= MOST) {
            return (byte) (sign | 0x7e);
        }
        if (size < LEAST_NORMAL) {
            return (byte) (sign | (int) Math.rint(size / LEAST_STEP)); // eight steps are the least normal's code
        }
        int bits = Float.floatToRawIntBits(size);
        int rounded = bits + 0x7ffff + (bits >>> 20 & 1) >>> 20; // exponent and three bits of fraction
        return (byte) (sign | rounded - (Float.MAX_EXPONENT - BIAS << 3));
    }
}
