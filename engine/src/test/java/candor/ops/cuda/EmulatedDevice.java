package candor.ops.cuda;

import candor.bindings.NativeLibrary;
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
}
