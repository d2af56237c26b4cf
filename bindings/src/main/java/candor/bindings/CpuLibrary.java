package candor.bindings;

import candor.bindings.generated.cpu.CandorCpu;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * The functions of {@code kernels-cpu/include/candor_cpu.h}, which says what they do. They neither wait nor call back, so the heap stays
 * where it is while they run, and operands may lie in Java's arrays.
 */
public final class CpuLibrary {
    private static final LibraryFile FILE = new LibraryFile("candor_cpu", "a C compiler on the PATH", "./mvnw package");

    private static boolean loaded;

    private CpuLibrary() {}

    /**
     * Loads the library, once; before that, nothing here may be called.
     *
     * @throws MissingLibraryException where it is nowhere, does not load, or is not of this version
     */
    public static synchronized void load() {
        if (loaded) {
            return;
        }
        try (LibraryFile.Found found = FILE.find()) {
            try {
                System.load(found.file().toString());
            } catch (UnsatisfiedLinkError e) {
                throw new MissingLibraryException(
                        found + ": does not load: " + e.getMessage() + "; " + FILE.remedy(), e);
            }
            int version = CandorCpu.candor_cpu_api_version();
            if (version != CandorCpu.CANDOR_CPU_API_VERSION()) {
                throw new MissingLibraryException(found + ": is of version " + version + " of the C API, not "
                        + CandorCpu.CANDOR_CPU_API_VERSION() + "; " + FILE.remedy());
            }
        }
        loaded = true;
    }

    /** As {@code candor_cpu_multiply}. */
    public static void multiply(
            int kernels,
            MemorySegment product,
            MemorySegment scratch,
            MemorySegment b,
            MemorySegment b2,
            MemorySegment scales) {
        try {
            Calls.MULTIPLY.invokeExact(kernels, product, scratch, b, b2, scales);
        } catch (Throwable e) {
            throw new AssertionError("candor_cpu_multiply throws nothing", e);
        }
    }

    /** As {@code candor_cpu_attend}, or {@code candor_cpu_attend_backward}. */
    public static void attend(
            int kernels, MemorySegment attention, MemorySegment scratch, MemorySegment work, boolean backward) {
        if (backward) {
            CandorCpu.candor_cpu_attend_backward(kernels, attention, scratch, work);
        } else {
            CandorCpu.candor_cpu_attend(kernels, attention, scratch, work);
        }
    }

    /**
     * As {@code candor_cpu_pack_pairs}.
     *
     * @param from an address
     */
    public static void packPairs(
            int kernels,
            MemorySegment to,
            long at,
            long from,
            long stride,
            boolean bf16,
            boolean across,
            int depth,
            int cols,
            int width,
            float scale) {
        try {
            Calls.PACK_PAIRS.invokeExact(
                    kernels, to, at, from, stride, bf16 ? 1 : 0, across ? 1 : 0, depth, cols, width, scale);
        } catch (Throwable e) {
            throw new AssertionError("candor_cpu_pack_pairs throws nothing", e);
        }
    }

    /** jextract's own handles do not take what lies in the heap. Found when they are first called, after the library is loaded. */
    private static final class Calls {
        private static final ValueLayout INT = ValueLayout.JAVA_INT;
        private static final ValueLayout LONG = ValueLayout.JAVA_LONG;
        private static final ValueLayout FLOAT = ValueLayout.JAVA_FLOAT;
        private static final ValueLayout ADDRESS = ValueLayout.ADDRESS;

        static final MethodHandle MULTIPLY =
                handle(CandorCpu.candor_cpu_multiply$address(), CandorCpu.candor_cpu_multiply$descriptor());
        static final MethodHandle PACK_PAIRS = handle(
                CandorCpu.candor_cpu_pack_pairs$address(),
                // As jextract has it, but that an address is a number, so that none is made into an object.
                FunctionDescriptor.ofVoid(INT, ADDRESS, LONG, LONG, LONG, INT, INT, INT, INT, INT, FLOAT));

        private static MethodHandle handle(MemorySegment function, FunctionDescriptor descriptor) {
            return Linker.nativeLinker().downcallHandle(function, descriptor, Linker.Option.critical(true));
        }
    }
}
