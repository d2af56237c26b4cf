package candor.ops.cuda;

import candor.bindings.generated.candor_epilogue;
import candor.bindings.generated.candor_lora;
import candor.bindings.generated.candor_matrix;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Reads the calls of a {@link CallBuffer}, argument by argument, in the order in which they were written. */
final class CallReader {
    private static final Function[] FUNCTIONS = Function.values();

    private final MemorySegment calls;
    private long at;
    private int count;

    CallReader(MemorySegment calls) {
        this.calls = calls;
    }

    boolean hasNext() {
        return at < calls.byteSize();
    }

    /** The next call's function, whose arguments follow. */
    Function function() {
        return FUNCTIONS[number()];
    }

    /** Null's address for no matrix. */
    MemorySegment matrix() {
        boolean there = calls.get(candor_matrix.dtype$layout(), at + candor_matrix.dtype$offset()) != 0;
        MemorySegment matrix = struct(CallBuffer.MATRIX);
        return there ? matrix : MemorySegment.NULL;
    }

    /** The parts of a weight, as many as {@link #count} says afterwards; null's address where there are none. */
    MemorySegment weights() {
        count = number();
        MemorySegment parts = struct(count * CallBuffer.MATRIX);
        return count == 0 ? MemorySegment.NULL : parts;
    }

    /** As many as {@link #count} says afterwards. */
    MemorySegment loras() {
        count = number();
        return struct(count * candor_lora.sizeof());
    }

    int count() {
        return count;
    }

    MemorySegment heads() {
        return struct(CallBuffer.HEADS);
    }

    MemorySegment sequences() {
        return struct(CallBuffer.SEQUENCES);
    }

    MemorySegment cache() {
        return struct(CallBuffer.CACHE);
    }

    MemorySegment dropping() {
        return struct(CallBuffer.DROPPING);
    }

    /** Null's address for none. */
    MemorySegment epilogue() {
        boolean there = calls.get(candor_epilogue.operation$layout(), at + candor_epilogue.operation$offset()) != 0;
        MemorySegment epilogue = struct(CallBuffer.EPILOGUE);
        return there ? epilogue : MemorySegment.NULL;
    }

    MemorySegment part() {
        return struct(CallBuffer.PART);
    }

    MemorySegment part8() {
        return struct(CallBuffer.PART8);
    }

    /** On the device. */
    MemorySegment address() {
        return MemorySegment.ofAddress(longNumber());
    }

    int number() {
        return (int) longNumber();
    }

    float real() {
        return Float.intBitsToFloat(number());
    }

    long longNumber() {
        long value = calls.get(ValueLayout.JAVA_LONG, at);
        at += Long.BYTES;
        return value;
    }

    private MemorySegment struct(long bytes) {
        MemorySegment struct = MemorySegment.ofAddress(calls.address() + at);
        at += bytes;
        return struct;
    }
}
