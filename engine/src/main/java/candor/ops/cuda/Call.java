package candor.ops.cuda;

import candor.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/**
 * One call of the C API that works on the stream: a record of all that goes over, so that equal calls ask for the same
 * work. What a kernel reads in memory is no part of it.
 */
interface Call {
    /**
     * Makes the call.
     *
     * @return the C API's status
     */
    int issue(Arguments to);

    /** Null's address for no tensor. */
    static MemorySegment address(Tensor tensor) {
        return tensor == null ? MemorySegment.NULL : tensor.data();
    }

    static MemorySegment address(long address) {
        return MemorySegment.ofAddress(address);
    }
}
