package candor.ops.cuda;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** Integers on the device, replaced now and then as a whole: collected here, copied at once. The memory only grows. */
final class Integers {
    private final Device device;
    private final Staging staging;
    private MemorySegment memory = MemorySegment.NULL;
    private int capacity;
    private int[] values = new int[1024];
    private int count;

    Integers(Device device, Staging staging) {
        this.device = device;
        this.staging = staging;
    }

    void clear() {
        count = 0;
    }

    /** Adds one. */
    void add(int value) {
        if (count == values.length) {
            values = Arrays.copyOf(values, 2 * count);
        }
        values[count++] = value;
    }

    /** How many there are so far: the place of the next one. */
    int count() {
        return count;
    }

    /** Copies them; later work on the stream sees them. */
    void copy() {
        if (capacity < count) {
            if (capacity > 0) {
                device.release(memory);
            }
            capacity = count + count / 2;
            memory = device.allocate((long) capacity * Integer.BYTES);
        }
        staging.upload(memory, values, count);
    }

    /** The address of the one at a place. */
    MemorySegment at(int place) {
        return Device.at(memory, (long) place * Integer.BYTES);
    }
}
