package candor.cli;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Locale;

/**
 * The terminal behind a file descriptor, asked by a few calls of the C library. {@link System#console} knows of one only where
 * input and output are both terminals, and nothing of standard error; a terminal library takes over the signals that
 * {@link Interrupt} listens to.
 *
 * <p>Without native access nothing is a terminal, and output is as it is in a file.
 */
final class Tty {
    static final int STDIN = 0;
    static final int STDOUT = 1;
    static final int STDERR = 2;

    /** The request for struct winsize: see ioctl_tty(2) on Linux, sys/ttycom.h on macOS. */
    private static final long WINDOW_SIZE =
            System.getProperty("os.name").toLowerCase(Locale.ROOT).startsWith("mac") ? 0x40087468L : 0x5413L;

    /** The descriptors that the launcher found to be terminals, such as "02"; null where nobody told. */
    private static final String TOLD = System.getProperty("candor.terminals");

    private Tty() {}

    /** Whether a descriptor is a terminal on which a row can be written over in place. */
    static boolean canRewrite(int descriptor) {
        String type = System.getenv("TERM");
        return type != null && !type.isEmpty() && !type.equals("dumb") && isTerminal(descriptor);
    }

    /** Whether colours are wanted on a descriptor (see https://no-color.org). */
    static boolean canColour(int descriptor) {
        String refused = System.getenv("NO_COLOR");
        return (refused == null || refused.isEmpty()) && canRewrite(descriptor);
    }

    /** isatty(3), unless the launcher has asked already: its answer spares the JVM's linking of the call. */
    static boolean isTerminal(int descriptor) {
        return TOLD != null
                ? TOLD.contains(String.valueOf(descriptor))
                : available() && result(() -> (int) Calls.IS_TERMINAL.invokeExact(descriptor)) == 1;
    }

    /** Columns of the window, as they are now; 0 where nobody knows. */
    static int columns(int descriptor) {
        if (!available()) {
            return 0;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment size = arena.allocate(ValueLayout.JAVA_SHORT, 4); // rows, columns, and both in pixels
            int failed = result(() -> (int) Calls.CONTROL.invokeExact(descriptor, WINDOW_SIZE, size));
            return failed != 0 ? 0 : Short.toUnsignedInt(size.getAtIndex(ValueLayout.JAVA_SHORT, 1));
        }
    }

    /** Makes a descriptor what another is, and closes that one: dup2(2), close(2). */
    static boolean move(int from, int to) {
        return available()
                && result(() -> (int) Calls.DUPLICATE.invokeExact(from, to)) == to
                && result(() -> (int) Calls.CLOSE.invokeExact(from)) == 0;
    }

    // Asking first: a program that has not allowed native access is not to get a warning because of us.
    private static boolean available() {
        return Tty.class.getModule().isNativeAccessEnabled();
    }

    @FunctionalInterface
    private interface Call {
        int make() throws Throwable;
    }

    private static int result(Call call) {
        try {
            return call.make();
        } catch (Error | RuntimeException thrown) {
            throw thrown;
        } catch (Throwable thrown) {
            throw new IllegalStateException("no such call throws " + thrown, thrown);
        }
    }

    /** Looked up when first needed. */
    private static final class Calls {
        private static final ValueLayout INT = ValueLayout.JAVA_INT;

        static final MethodHandle IS_TERMINAL = find("isatty", FunctionDescriptor.of(INT, INT));
        static final MethodHandle DUPLICATE = find("dup2", FunctionDescriptor.of(INT, INT, INT));
        static final MethodHandle CLOSE = find("close", FunctionDescriptor.of(INT, INT));
        static final MethodHandle CONTROL = find(
                "ioctl",
                FunctionDescriptor.of(INT, INT, ValueLayout.JAVA_LONG, ValueLayout.ADDRESS),
                Linker.Option.firstVariadicArg(2));

        @SuppressWarnings("restricted") // allowed, or we would not be here
        private static MethodHandle find(String name, FunctionDescriptor type, Linker.Option... options) {
            Linker linker = Linker.nativeLinker();
            return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), type, options);
        }
    }
}
