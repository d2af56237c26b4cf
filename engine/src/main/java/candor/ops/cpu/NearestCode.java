package candor.ops.cpu;

import candor.ops.weight.DynamicMap;

/**
 * Finds the nearest value of a map quickly: the upper half of a float32 names a bucket, in which a few values at most begin, and the
 * rest of the way is gone value by value. The code is that of {@link DynamicMap#nearest}.
 */
final class NearestCode {
    private static final int BUCKETS = 1 << 16;

    private final float[] map;
    /** Between a value and the next one; whatever is more than this is nearer to the next. */
    private final float[] middle = new float[256];

    private final byte[] first = new byte[BUCKETS];

    NearestCode(float[] map) {
        this.map = map;
        for (int code = 0; code < 255; code++) {
            middle[code] = (map[code] + map[code + 1]) / 2;
        }
        middle[255] = Float.POSITIVE_INFINITY;
        for (int bucket = 0; bucket < BUCKETS; bucket++) {
            // Of negative numbers the smallest has all lower bits.
            int bits = bucket << 16 | (bucket < BUCKETS / 2 ? 0 : 0xffff);
            first[bucket] = (byte) DynamicMap.nearest(map, Float.intBitsToFloat(bits));
        }
    }

    /** The value of a code. */
    float value(int code) {
        return map[code];
    }

    /** @param value a number, no larger than 1 */
    int of(float value) {
        int code = Byte.toUnsignedInt(first[Float.floatToRawIntBits(value) >>> 16]);
        while (value > middle[code]) {
            code++;
        }
        return code;
    }
}
