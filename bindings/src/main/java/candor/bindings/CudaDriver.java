package candor.bindings;

import java.lang.foreign.AddressLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/**
 * What NVIDIA's driver knows of the GPUs, by a few functions of its own library (the CUDA Driver API). No device is opened: that takes
 * its memory and seconds. None of our libraries is needed, so that a machine can be looked at before one is built.
 */
public final class CudaDriver {
    /** The library that every driver for Linux installs. */
    public static final String LIBRARY = "libcuda.so.1";

    /**
     * A GPU.
     *
     * @param major       of its compute capability
     * @param minor       of its compute capability
     * @param memoryBytes all of it, also what is in use
     */
    public record Device(String name, int major, int minor, long memoryBytes) {}

    /** A status that the driver answered. The message ends with its name: {@code CUDA_ERROR_NO_DEVICE}. */
    public static final class DriverException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        DriverException(String message) {
            super(message);
        }
    }

    private static final int SUCCESS = 0;
    private static final int TEXT_BYTES = 256;

    /** {@code CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR} and {@code …_MINOR} of cuda.h. */
    private static final int MAJOR = 75;

    private static final int MINOR = 76;

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
    private static final AddressLayout TEXT =
            ValueLayout.ADDRESS.withTargetLayout(MemoryLayout.sequenceLayout(TEXT_BYTES, ValueLayout.JAVA_BYTE));

    private static CudaDriver loaded;

    private final SymbolLookup library;

    private CudaDriver(SymbolLookup library) {
        this.library = library;
    }

    /**
     * Loads the driver's library, once, for as long as the process lives: it keeps threads.
     *
     * @throws MissingLibraryException where there is none
     * @throws DriverException         where it finds no GPU, or does not fit the kernel's part of it
     */
    public static synchronized CudaDriver load() {
        if (loaded == null) {
            loaded = load(LIBRARY);
        }
        return loaded;
    }

    /** @param name of the library, as the linker takes it: one that it looks for, or a path */
    static CudaDriver load(String name) {
        SymbolLookup library;
        try {
            library = SymbolLookup.libraryLookup(name, Arena.global());
        } catch (IllegalArgumentException e) {
            throw new MissingLibraryException("the driver's library " + name + " does not load", e);
        }
        CudaDriver driver = new CudaDriver(library);
        driver.check("cuInit", 0);
        return driver;
    }

    /**
     * The newest CUDA that the driver is for.
     *
     * @return 1000 × major + 10 × minor: 12040 for 12.4
     */
    public int cudaVersion() {
        try (Arena arena = Arena.ofConfined()) {
            return number("cuDriverGetVersion", arena.allocate(INT));
        }
    }

    /** In the driver's order; those that {@code CUDA_VISIBLE_DEVICES} hides are not among them. */
    public List<Device> devices() {
        try (Arena arena = Arena.ofConfined()) {
            int count = number("cuDeviceGetCount", arena.allocate(INT));
            List<Device> devices = new ArrayList<>();
            for (int ordinal = 0; ordinal < count; ordinal++) {
                devices.add(device(ordinal, arena));
            }
            return devices;
        }
    }

    private Device device(int ordinal, Arena arena) {
        int device = number("cuDeviceGet", arena.allocate(INT), ordinal);
        MemorySegment name = arena.allocate(TEXT_BYTES + 1); // the last byte stays zero
        check("cuDeviceGetName", name, TEXT_BYTES, device);
        MemorySegment bytes = arena.allocate(LONG);
        check("cuDeviceTotalMem_v2", bytes, device);
        return new Device(
                name.getString(0),
                number("cuDeviceGetAttribute", arena.allocate(INT), MAJOR, device),
                number("cuDeviceGetAttribute", arena.allocate(INT), MINOR, device),
                bytes.get(LONG, 0));
    }

    /** What a function writes to its first argument. */
    private int number(String function, MemorySegment to, Object... arguments) {
        Object[] all = new Object[arguments.length + 1];
        all[0] = to;
        System.arraycopy(arguments, 0, all, 1, arguments.length);
        check(function, all);
        return to.get(INT, 0);
    }

    private void check(String function, Object... arguments) {
        int status = call(function, arguments);
        if (status != SUCCESS) {
            throw new DriverException("the driver says, when asked " + function + ", " + name(status));
        }
    }

    /** A number, where the driver does not know its own answer, or is too old to name any. */
    private String name(int status) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment text = arena.allocate(TEXT);
            return library.find("cuGetErrorName").isPresent() && call("cuGetErrorName", status, text) == SUCCESS
                    ? text.get(TEXT, 0).getString(0)
                    : "error " + status;
        }
    }

    /** Calls a function of ints and pointers that answers a status. */
    private int call(String function, Object... arguments) {
        MemoryLayout[] types = new MemoryLayout[arguments.length];
        for (int i = 0; i < types.length; i++) {
            types[i] = arguments[i] instanceof Integer ? INT : ValueLayout.ADDRESS;
        }
        MemorySegment address = library.find(function)
                .orElseThrow(() -> new DriverException("the driver has no " + function + ": it is too old"));
        try {
            return (int) Linker.nativeLinker()
                    .downcallHandle(address, FunctionDescriptor.of(INT, types))
                    .invokeWithArguments(arguments);
        } catch (Throwable e) {
            throw new AssertionError(function + " throws nothing", e);
        }
    }
}
