package candor.ops.cpu;

import static candor.ops.cpu.TileKernels.FLOAT;
import static candor.ops.cpu.TileKernels.LANES;
import static candor.ops.cpu.TileKernels.ORDER;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * The sum of a vector's lanes in a fixed order. {@code reduceLanes} leaves the order open, and takes another one before a
 * method is compiled than after: a run that starts again would then write other bytes than one that never stopped. One
 * object per thread.
 */
final class LaneSum {
    private final MemorySegment lanes = Arena.ofAuto().allocate((long) LANES * Float.BYTES, 64);

    float of(FloatVector v) {
        v.intoMemorySegment(lanes, 0, ORDER);
        for (int half = LANES / 2; half > 0; half /= 2) {
            for (int j = 0; j < half; j++) {
                lanes.set(FLOAT, 4L * j, lanes.get(FLOAT, 4L * j) + lanes.get(FLOAT, 4L * (j + half)));
            }
        }
        return lanes.get(FLOAT, 0);
    }
}
