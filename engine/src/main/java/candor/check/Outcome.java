package candor.check;

import java.util.Arrays;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * What a run left behind.
 *
 * @param judged   the outputs, row by row
 * @param returned the number that the operation gave back, if any
 * @param fault    what it wrote where it must not, or null
 */
record Outcome(Map<String, float[]> judged, OptionalDouble returned, String fault) {
    /** The name of an output whose bytes are not the same, or null. */
    String differsFrom(Outcome other) {
        for (Map.Entry<String, float[]> entry : judged.entrySet()) {
            if (differ(entry.getValue(), other.judged.get(entry.getKey()))) {
                return entry.getKey();
            }
        }
        boolean same =
                Double.doubleToRawLongBits(returned.orElse(0)) == Double.doubleToRawLongBits(other.returned.orElse(0));
        return same ? null : Values.RETURNED;
    }

    /** Compares bits: 0 and −0 differ, and so do two NaNs with different payloads. */
    static boolean differ(float[] one, float[] other) {
        if (one.length != other.length) {
            return true;
        }
        for (int i = 0; i < one.length; i++) {
            if (Float.floatToRawIntBits(one[i]) != Float.floatToRawIntBits(other[i])) {
                return true;
            }
        }
        return false;
    }

    static float[] rows(float[] values, int cols, int from, int to) {
        return Arrays.copyOfRange(values, from * cols, to * cols);
    }
}
