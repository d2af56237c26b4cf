package candor.ops.cuda;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Integers on the device, replaced now and then as a whole: collected here, copied at once. The memory only grows, and from a
 * size on that most never reach, for graphs hold its address.
 */
final class Integers {
    static final int LEAST = 4096;

    private final Device device;
    private final Staging staging;
    private MemorySegment memory = MemorySegment.NULL;
    private int capacity;
    /** Of the last call that may read them; see {@link CallQueue#section}. */
    private long readIn = -1;

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

    /** Adds both halves of a number of float64, the lower first, as the device has it. */
    void addDouble(double value) {
        long bits = Double.doubleToRawLongBits(value);
        add((int) bits);
        add((int) (bits >>> 32));
    }

    /** How many there are so far: the place of the next one. */
    int count() {
        return count;
    }

    /** Copies them; calls from here on see them, and those before saw what was there. */
    void copy() {
        if (readIn == device.calls().section()) {
            device.calls().flush();
        }
        if (capacity < count) {
            if (capacity > 0) {
                device.release(memory);
                capacity = 0; // if there is no more memory, there is none here
            }
            int more = Math.max(LEAST, count + count / 2);
            memory = device.allocate((long) more * Integer.BYTES);
            capacity = more;
        }
        staging.upload(memory, values, count);
    }

    /** The address of the one at a place, for the next call. */
    long at(int place) {
        readIn = device.calls().section();
        return memory.address() + (long) place * Integer.BYTES;
    }
}
