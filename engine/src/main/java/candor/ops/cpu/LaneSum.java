package candor.ops.cpu;

import static candor.ops.cpu.TileShape.LANES;

import jdk.incubator.vector.FloatVector;

/**
 * The sum of a vector's lanes in a fixed order. {@code reduceLanes} leaves the order open, and takes another one before a
 * method is compiled than after: a run that starts again would then write other bytes than one that never stopped. One
 * object per thread.
 */
final class LaneSum {
    private final float[] lanes = new float[Math.max(LANES, 4)];

    float of(FloatVector v) {
        v.intoArray(lanes, 0);
        return sum();
    }

    /** Where to put lanes that {@link #sum} adds up. */
    float[] array() {
        return lanes;
    }

    /** Halves are added to halves until one number is left. */
    float sum() {
        return (quarter(0) + quarter(2)) + (quarter(1) + quarter(3));
    }

    /** The sum of the lanes that are a multiple of four from lane {@code j}: as four vectors of four lanes would add up. */
    private float quarter(int j) {
        if (LANES == 16) {
            return (lanes[j] + lanes[j + 8]) + (lanes[j + 4] + lanes[j + 12]);
        }
        return LANES == 8 ? lanes[j] + lanes[j + 4] : lanes[j];
    }
}
