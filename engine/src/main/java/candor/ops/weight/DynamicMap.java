package candor.ops.weight;

import java.util.Arrays;

/**
 * The 256 values of the eight-bit dynamic data type: an exponent of one to seven bits, and what is left for a linear fraction
 * (Dettmers 2015, arXiv 1511.04561; 2021, arXiv 2110.02861, section 2.2). Values are relative to the largest of a block.
 */
public final class DynamicMap {
    private static final int EXPONENTS = 7;

    private DynamicMap() {}

    /** From −0.993 to 1, rising. */
    public static float[] signed() {
        return values(true);
    }

    /** From 0 to 1, rising. */
    public static float[] unsigned() {
        return values(false);
    }

    private static float[] values(boolean signed) {
        float[] values = new float[256];
        int count = 0;
        for (int exponent = 0; exponent < EXPONENTS; exponent++) {
            int fractions = signed ? 1 << exponent : 2 << exponent;
            float scale = (float) Math.pow(10, exponent - (EXPONENTS - 1.0));
            for (int i = 0; i < fractions; i++) {
                float value = scale * ((bound(i, fractions) + bound(i + 1, fractions)) / 2);
                values[count++] = value;
                if (signed) {
                    values[count++] = -value;
                }
            }
        }
        values[count++] = 0;
        values[count] = 1;
        Arrays.sort(values);
        return values;
    }

    /** Between 0.1 and 1 in equal steps, counted from the nearer end, each rounded once, as in the tables that are published. */
    private static float bound(int i, int steps) {
        float step = (1f - 0.1f) / steps;
        return i < (steps + 1) / 2 ? Math.fma(step, i, 0.1f) : Math.fma(-step, steps - i, 1f);
    }

    /**
     * The index of the nearest value, of two the smaller.
     *
     * @param map rising
     */
    public static int nearest(float[] map, float value) {
        int from = 0;
        int to = map.length - 1;
        while (from < to) {
            int middle = (from + to) / 2;
            if (value > (map[middle] + map[middle + 1]) / 2) {
                from = middle + 1;
            } else {
                to = middle;
            }
        }
        return from;
    }
}
