package candor.ops;

import java.lang.foreign.MemorySegment;

/**
 * Memory of a device where weights take turns: some places that operations read, and buffers of the host that are copied there
 * beside the operations. What is asked for goes by the order of the calls here and of the operations' on the backend, so that
 * nobody waits for more than he says. For one caller at a time, the backend's.
 */
public interface WeightPlaces extends AutoCloseable {
    /** Where a place is on the device: a multiple of 256. */
    MemorySegment place(int index);

    /**
     * A buffer of the host, as large as a place. It is written while no copy reads it: see {@link #await}.
     */
    MemorySegment buffer(int index);

    /** Operations that have been asked for so far are the last that read what is at a place now. */
    void leave(int place);

    /**
     * Copies the first bytes of a buffer to a place: when the operations are done that read what was there before it was left.
     * Operations that are asked for from here on read what is copied.
     */
    void send(int buffer, int place, long bytes);

    /** Waits until what was sent of a buffer is copied, so that it can be written again. */
    void await(int buffer);

    /** Waits for all copies, and gives the memory back. */
    @Override
    void close();
}
