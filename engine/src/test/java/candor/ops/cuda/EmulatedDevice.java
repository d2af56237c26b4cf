package candor.ops.cuda;

import candor.bindings.NativeLibrary;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Objects;
import org.junit.jupiter.api.Assumptions;

/** For tests on the emulated device: the library is built where there are compilers for it, and else the tests are skipped. */
public final class EmulatedDevice {
    private EmulatedDevice() {}

    /** Skips the test, and says why, where there is no library. */
    public static void assumeThere() {
        Assumptions.assumeTrue(
                NativeLibrary.EMULATED.isThere(),
                "skipped: no " + NativeLibrary.EMULATED.fileName()
                        + "; it is built where cmake and g++ are on the PATH");
    }

    /** Does something on an emulated Hopper, whose matrix products and attention are other kernels. */
    public static void onHopper(Runnable action) {
        with("capability=90", action);
    }

    /** Does something on a device of these modes, as in emulator/control.h. */
    public static void with(String modes, Runnable action) {
        configure(modes);
        try {
            action.run();
        } finally {
            configure(Objects.requireNonNullElse(System.getenv("CANDOR_EMULATOR"), ""));
        }
    }

    @SuppressWarnings("restricted") // a call of a function that the bindings do not have
    private static void configure(String modes) {
        NativeLibrary.EMULATED.load();
        MemorySegment function =
                SymbolLookup.loaderLookup().find("candor_emulator_configure").orElseThrow();
        MethodHandle configure = Linker.nativeLinker()
                .downcallHandle(function, FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS));
        try (Arena arena = Arena.ofConfined()) {
            int unknown = (int) configure.invokeExact(arena.allocateFrom(modes));
            if (unknown != 0) {
                throw new IllegalArgumentException(modes);
            }
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }
}
