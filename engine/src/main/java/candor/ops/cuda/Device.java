package candor.ops.cuda;

import static candor.bindings.generated.CandorKernels.CANDOR_UNSUPPORTED;
import static candor.bindings.generated.CandorKernels.candor_device_close;
import static candor.bindings.generated.CandorKernels.candor_device_count;
import static candor.bindings.generated.CandorKernels.candor_device_describe;
import static candor.bindings.generated.CandorKernels.candor_device_open;
import static candor.bindings.generated.CandorKernels.candor_is_emulated;
import static candor.bindings.generated.CandorKernels.candor_last_error;
import static candor.bindings.generated.CandorKernels.candor_memory_allocate;
import static candor.bindings.generated.CandorKernels.candor_memory_info;
import static candor.bindings.generated.CandorKernels.candor_memory_release;
import static candor.bindings.generated.CandorKernels.candor_pinned_allocate;
import static candor.bindings.generated.CandorKernels.candor_pinned_release;
import static candor.bindings.generated.CandorKernels.candor_stream_create;
import static candor.bindings.generated.CandorKernels.candor_stream_destroy;
import static candor.bindings.generated.CandorKernels.candor_stream_synchronise;
import static candor.bindings.generated.CandorKernels.candor_zero;

import candor.BadInput;
import candor.bindings.MissingLibraryException;
import candor.bindings.NativeLibrary;
import candor.bindings.generated.candor_device_properties;
import candor.ops.OutOfDeviceMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Locale;
import java.util.function.IntUnaryOperator;

/** A device of a library, its one stream, and its memory. */
final class Device implements AutoCloseable {
    /** What CUDA calls cudaErrorMemoryAllocation. */
    private static final int OUT_OF_MEMORY = 2;

    /** Of whatever is allocated. */
    private static final long ALIGNMENT = 256;

    // Places in what the device says of its memory.
    private static final int FREE = 0;
    private static final int TOTAL = 1;
    private static final int USED = 2;
    private static final int CACHED = 3;

    private final Arena arena = Arena.ofShared();
    /** What {@link #info} is answered in. */
    private final MemorySegment info = arena.allocate(ValueLayout.JAVA_LONG, 4);

    private final MemorySegment device;
    private final MemorySegment stream;
    private final String name;
    private final String description;
    private final CallQueue calls;

    /**
     * @param choice     the ordinal of the device among the library's, of which there are so many
     * @param withGraphs whether calls that come again are launched as graphs
     * @throws BadInput where there is no library, or no device
     */
    Device(NativeLibrary library, IntUnaryOperator choice, boolean withGraphs) {
        try {
            library.load();
        } catch (MissingLibraryException e) {
            throw new BadInput(e.getMessage(), e);
        }
        MemorySegment count = arena.allocate(ValueLayout.JAVA_INT);
        require(candor_device_count(count));
        int devices = count.get(ValueLayout.JAVA_INT, 0);
        int ordinal = choice.applyAsInt(devices);
        if (devices <= ordinal) {
            throw new BadInput(
                    "this machine shows "
                            + (ordinal == 0
                                    ? "no CUDA device"
                                    : "no CUDA device " + ordinal + ", of " + devices + " from 0"),
                    "see what nvidia-smi says");
        }
        MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
        require(candor_device_open(out, ordinal));
        device = out.get(ValueLayout.ADDRESS, 0);
        check(candor_stream_create(out, device));
        stream = out.get(ValueLayout.ADDRESS, 0);
        MemorySegment properties = arena.allocate(candor_device_properties.layout());
        check(candor_device_describe(properties, device));
        name = candor_device_properties.name(properties).getString(0);
        description = describe(properties);
        calls = new CallQueue(this, withGraphs);
    }

    /** Of a driver or a card that will not do, a user has to know. */
    private void require(int status) {
        if (status == CANDOR_UNSUPPORTED()) {
            String message = candor_last_error().getString(0);
            throw new BadInput(message.replaceFirst(" at [^ ]+:[0-9]+$", ""));
        }
        check(status);
    }

    private String describe(MemorySegment properties) {
        int driver = candor_device_properties.driver_version(properties);
        return String.format(
                Locale.ROOT,
                "%s%s, compute capability %d.%d, %d multiprocessors, %,d MiB, driver for CUDA %d.%d",
                name,
                candor_is_emulated() == 1 ? " (emulated on this processor)" : "",
                candor_device_properties.major(properties),
                candor_device_properties.minor(properties),
                candor_device_properties.multiprocessors(properties),
                candor_device_properties.memory_bytes(properties) >> 20,
                driver / 1000,
                driver % 1000 / 10);
    }

    /** As the driver has it. */
    String name() {
        return name;
    }

    String description() {
        return description;
    }

    MemorySegment stream() {
        return stream;
    }

    MemorySegment handle() {
        return device;
    }

    /** The way to the stream for all that is not a copy. */
    CallQueue calls() {
        return calls;
    }

    /**
     * Throws what a status says.
     *
     * @throws OutOfDeviceMemory where the device has no more: a user can ask for less
     * @throws CudaException for everything else
     */
    void check(int status) {
        if (status == 0) {
            return;
        }
        String message = candor_last_error().getString(0);
        if (status == OUT_OF_MEMORY && device != null) {
            throw new OutOfDeviceMemory("the GPU is out of memory: " + message + "; " + memory());
        }
        throw new CudaException(message, status);
    }

    private String memory() {
        long[] now = info();
        return String.format(
                Locale.ROOT,
                "%,d MiB of %,d are free, %,d in use by us",
                (now[FREE] + now[CACHED]) >> 20,
                now[TOTAL] >> 20,
                now[USED] >> 20);
    }

    /** Bytes that could be had. */
    long free() {
        long[] now = info();
        return now[FREE] + now[CACHED];
    }

    /** Bytes that are handed out. */
    long used() {
        return info()[USED];
    }

    /** Bytes that were taken from the driver. */
    long held() {
        long[] now = info();
        return now[USED] + now[CACHED];
    }

    /** Zeros where the device does not say. */
    private long[] info() {
        int status = candor_memory_info(at(FREE), at(TOTAL), at(USED), at(CACHED), device);
        return status == 0 ? info.toArray(ValueLayout.JAVA_LONG) : new long[4];
    }

    private MemorySegment at(int index) {
        return info.asSlice((long) index * Long.BYTES, Long.BYTES);
    }

    /** Device memory whose contents are anything: an address, aligned to 256 bytes. */
    MemorySegment allocate(long bytes) {
        try (Arena local = Arena.ofConfined()) {
            MemorySegment out = local.allocate(ValueLayout.ADDRESS);
            check(candor_memory_allocate(out, bytes, device));
            return out.get(ValueLayout.ADDRESS, 0);
        }
    }

    /** Device memory full of zeros. */
    MemorySegment allocateZero(long bytes) {
        MemorySegment memory = allocate(bytes);
        check(candor_zero(memory, bytes, bytes, 1, stream));
        return memory;
    }

    /** Waits for what uses it, then gives memory back. */
    void release(MemorySegment memory) {
        synchronise();
        check(candor_memory_release(memory, device));
    }

    /**
     * Host memory that the device reads and writes by itself, until it is released.
     *
     * @throws OutOfDeviceMemory where the host does not have so much for it
     */
    @SuppressWarnings("restricted") // the C API says how long the memory is
    MemorySegment pinned(long bytes) {
        try (Arena local = Arena.ofConfined()) {
            MemorySegment out = local.allocate(ValueLayout.ADDRESS);
            int status = candor_pinned_allocate(out, bytes, device);
            if (status == OUT_OF_MEMORY) {
                throw new OutOfDeviceMemory(String.format(
                        Locale.ROOT, "this machine does not give the GPU %,d MiB to copy to and from", bytes >> 20));
            }
            check(status);
            return out.get(ValueLayout.ADDRESS, 0).reinterpret(bytes);
        }
    }

    /** Waits for what uses it, then gives pinned memory back. */
    void releasePinned(MemorySegment memory) {
        synchronise();
        check(candor_pinned_release(memory, device));
    }

    /** Issues what is asked for, and waits for it. */
    void synchronise() {
        calls.flush();
        await();
    }

    /** Waits for what is issued. */
    void await() {
        check(candor_stream_synchronise(stream));
    }

    /** Everything on it is gone; what fails now is told first. */
    @Override
    public void close() {
        try {
            await();
        } finally {
            closeAll();
        }
    }

    private void closeAll() {
        try {
            calls.close();
            check(candor_stream_destroy(stream));
        } finally {
            try {
                check(candor_device_close(device));
            } finally {
                arena.close();
            }
        }
    }

    /** So many bytes, as the device's memory is handed out. */
    static long aligned(long bytes) {
        return Math.ceilDiv(bytes, ALIGNMENT) * ALIGNMENT;
    }

    static MemorySegment at(MemorySegment memory, long bytes) {
        return MemorySegment.ofAddress(memory.address() + bytes);
    }
}
