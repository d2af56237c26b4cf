package candor.bench;

import candor.bindings.generated.CandorKernels;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * Native functions by handles of our own: two of the C API by critical calls, for which there are no bindings, and one of
 * JCuda's. The libraries are loaded before this class is touched.
 *
 * <p>A critical call skips the thread's change of state, so that no garbage collection can begin until it returns.
 */
@SuppressWarnings("restricted") // native calls are what this class is there for
final class NativeCalls {
    /**
     * What JNI calls for {@code JCuda.cudaPeekAtLastError()}. Its two arguments, the environment and the class, are not looked
     * at, so that Panama can call the very same function.
     */
    private static final String JNI_FUNCTION = "Java_jcuda_runtime_JCuda_cudaPeekAtLastErrorNative";

    private static final FunctionDescriptor JNI_SIGNATURE =
            FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS);

    static final MethodHandle VERSION_CRITICAL = handle(
            CandorKernels.candor_api_version$address(),
            CandorKernels.candor_api_version$descriptor(),
            Linker.Option.critical(false));

    static final MethodHandle SWIGLU_CRITICAL = handle(
            CandorKernels.candor_swiglu$address(),
            CandorKernels.candor_swiglu$descriptor(),
            Linker.Option.critical(false));

    static final MethodHandle PEEK = handle(jniFunction(), JNI_SIGNATURE);

    static final MethodHandle PEEK_CRITICAL = handle(jniFunction(), JNI_SIGNATURE, Linker.Option.critical(false));

    private NativeCalls() {}

    private static MethodHandle handle(MemorySegment address, FunctionDescriptor signature, Linker.Option... options) {
        return Linker.nativeLinker().downcallHandle(address, signature, options);
    }

    private static MemorySegment jniFunction() {
        return SymbolLookup.loaderLookup().findOrThrow(JNI_FUNCTION);
    }
}
