package candor.bench;

import static candor.bindings.generated.CandorKernels.candor_copy_to_device;
import static candor.bindings.generated.CandorKernels.candor_copy_to_host;
import static candor.bindings.generated.CandorKernels.candor_device_close;
import static candor.bindings.generated.CandorKernels.candor_device_open;
import static candor.bindings.generated.CandorKernels.candor_last_error;
import static candor.bindings.generated.CandorKernels.candor_memory_allocate;
import static candor.bindings.generated.CandorKernels.candor_stream_create;
import static candor.bindings.generated.CandorKernels.candor_stream_synchronise;

import candor.bindings.NativeLibrary;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** A library's first device and a stream on it, by the C API's own functions, without the engine around them. */
final class NativeDevice implements AutoCloseable {
    private final Arena arena = Arena.ofShared();
    private final MemorySegment device;
    private final MemorySegment stream;

    NativeDevice(NativeLibrary library) {
        library.load();
        MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
        check(candor_device_open(out, 0));
        device = out.get(ValueLayout.ADDRESS, 0);
        check(candor_stream_create(out, device));
        stream = out.get(ValueLayout.ADDRESS, 0);
    }

    MemorySegment stream() {
        return stream;
    }

    MemorySegment allocate(int bytes) {
        MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
        check(candor_memory_allocate(out, bytes, device));
        return out.get(ValueLayout.ADDRESS, 0);
    }

    /** It is there when this returns. */
    void write(MemorySegment to, byte[] values) {
        MemorySegment host = arena.allocateFrom(ValueLayout.JAVA_BYTE, values);
        check(candor_copy_to_device(to, values.length, host, values.length, values.length, 1, stream));
        synchronise();
    }

    byte[] read(MemorySegment from, int bytes) {
        MemorySegment host = arena.allocate(bytes);
        check(candor_copy_to_host(host, bytes, from, bytes, bytes, 1, stream));
        synchronise();
        return host.toArray(ValueLayout.JAVA_BYTE);
    }

    void synchronise() {
        check(candor_stream_synchronise(stream));
    }

    static void check(int status) {
        if (status != 0) {
            throw new IllegalStateException(candor_last_error().getString(0));
        }
    }

    @Override
    public void close() {
        check(candor_device_close(device));
        arena.close();
    }
}
