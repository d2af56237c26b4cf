package candor.ops.weight;

import java.lang.foreign.MemorySegment;

/**
 * A frozen weight as a device's operations read it, in one piece: written to memory of the host as often as it is wanted, and read
 * wherever these bytes are copied to.
 */
public interface WeightImage {
    /** How many bytes it is: a multiple of 256, but for siblings that stand directly one behind the other. */
    long bytes();

    /**
     * Writes it. Any thread may, also several of them at once, each to memory of its own.
     *
     * @param to memory of the host, of at least so many bytes
     */
    void write(MemorySegment to);

    /**
     * The weight whose bytes are, or will be, at an address of the device.
     *
     * @param address a multiple of 256, but for siblings behind the first
     */
    FrozenWeight at(MemorySegment address);
}
