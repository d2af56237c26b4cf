package candor.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Locale;

/**
 * Memory in pages of 2 MiB instead of 4 KiB, where the system gives them: weights, activations and the cache of keys and
 * values are read from end to end in every step, and with small pages a processor waits more for where a page is than for
 * what is in it.
 *
 * <p>On Linux the memory is mapped and marked for transparent huge pages (madvise(2), MADV_HUGEPAGE): a wish, which the
 * system may refuse without harm. Elsewhere, where a caller's program does not allow native access, and for small pieces,
 * it is the arena's own.
 */
public final class LargePages {
    /** A large page of x86-64, and of aarch64 with base pages of 4 KiB. */
    static final long PAGE = 2L << 20;

    // Of Linux on every architecture that Java 25 runs on; see mmap(2) and madvise(2).
    private static final int READ_WRITE = 0x1 | 0x2;
    private static final int PRIVATE_ANONYMOUS = 0x2 | 0x20;
    private static final int HUGE_PAGE = 14;

    /** The system's calls, or null where they are not to be had. */
    private static final Calls CALLS = Calls.find();

    private LargePages() {}

    private record Calls(MethodHandle map, MethodHandle advise, MethodHandle unmap) {
        static Calls find() {
            boolean linux =
                    System.getProperty("os.name").toLowerCase(Locale.ROOT).startsWith("linux");
            // Sizes are longs below, as they are where addresses have eight bytes.
            boolean wide = ValueLayout.ADDRESS.byteSize() == Long.BYTES;
            // Asking first: a program that has not allowed native access is not to get a warning because of us.
            if (!linux || !wide || !LargePages.class.getModule().isNativeAccessEnabled()) {
                return null;
            }
            return new Calls(
                    call(
                            "mmap",
                            FunctionDescriptor.of(
                                    ValueLayout.ADDRESS,
                                    ValueLayout.ADDRESS,
                                    ValueLayout.JAVA_LONG,
                                    ValueLayout.JAVA_INT,
                                    ValueLayout.JAVA_INT,
                                    ValueLayout.JAVA_INT,
                                    ValueLayout.JAVA_LONG)),
                    call(
                            "madvise",
                            FunctionDescriptor.of(
                                    ValueLayout.JAVA_INT,
                                    ValueLayout.ADDRESS,
                                    ValueLayout.JAVA_LONG,
                                    ValueLayout.JAVA_INT)),
                    call(
                            "munmap",
                            FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG)));
        }

        @SuppressWarnings("restricted") // allowed, or we would not be here
        private static MethodHandle call(String name, FunctionDescriptor type) {
            Linker linker = Linker.nativeLinker();
            return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), type);
        }
    }

    /** Whether large pieces are mapped, and so take no memory before they are written. */
    public static boolean available() {
        return CALLS != null;
    }

    /**
     * Zeros that live as long as the arena, and that take no memory before they are written where they are {@linkplain
     * #available mapped}.
     *
     * @param alignment a power of two, at most {@link #PAGE}
     * @throws OutOfMemoryError if there is not so much
     */
    public static MemorySegment allocate(Arena arena, long bytes, long alignment) {
        if (CALLS == null || bytes < PAGE) {
            return arena.allocate(bytes, alignment);
        }
        try {
            return map(arena, bytes);
        } catch (Error | RuntimeException thrown) {
            throw thrown;
        } catch (Throwable thrown) {
            throw new IllegalStateException("no such call throws " + thrown, thrown);
        }
    }

    @SuppressWarnings("restricted")
    private static MemorySegment map(Arena arena, long bytes) throws Throwable {
        long mapped = Math.addExact(bytes, PAGE); // so that a multiple of the page lies within
        MemorySegment whole = (MemorySegment)
                CALLS.map.invokeExact(MemorySegment.NULL, mapped, READ_WRITE, PRIVATE_ANONYMOUS, -1, 0L);
        if (whole.address() == -1) {
            throw new OutOfMemoryError("cannot map " + bytes + " bytes");
        }
        long start = Math.ceilDiv(whole.address(), PAGE) * PAGE;
        // A part of a page at the end stays in small ones, so that no more memory is taken than was asked for.
        int unused = (int) CALLS.advise.invokeExact(MemorySegment.ofAddress(start), bytes / PAGE * PAGE, HUGE_PAGE);
        return MemorySegment.ofAddress(start).reinterpret(bytes, arena, part -> unmap(whole, mapped));
    }

    private static void unmap(MemorySegment whole, long bytes) {
        try {
            int failed = (int) CALLS.unmap.invokeExact(whole, bytes);
            if (failed != 0) {
                throw new IllegalStateException("cannot unmap " + bytes + " bytes");
            }
        } catch (Error | RuntimeException thrown) {
            throw thrown;
        } catch (Throwable thrown) {
            throw new IllegalStateException("no such call throws " + thrown, thrown);
        }
    }
}
