package candor.bench;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import jcuda.Pointer;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUfunction;
import jcuda.driver.CUmodule;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;
import jcuda.driver.JCudaDriver;

/**
 * The kernel {@code zero_rows.ptx} in the device's primary context, which the CUDA runtime uses too, launched on the default
 * stream by the driver's {@code cuLaunchKernel}: through JNI, that is JCuda, and through Panama. What it is given lies
 * ready, as it would where a caller launches the same again and again.
 */
@SuppressWarnings("restricted") // native calls are what this class is there for
final class DriverKernel {
    private static final int THREADS = 256;

    private static final FunctionDescriptor LAUNCH = FunctionDescriptor.of(
            ValueLayout.JAVA_INT,
            ValueLayout.ADDRESS, // function
            ValueLayout.JAVA_INT, // grid
            ValueLayout.JAVA_INT,
            ValueLayout.JAVA_INT,
            ValueLayout.JAVA_INT, // block
            ValueLayout.JAVA_INT,
            ValueLayout.JAVA_INT,
            ValueLayout.JAVA_INT, // bytes of shared memory
            ValueLayout.ADDRESS, // stream
            ValueLayout.ADDRESS, // parameters
            ValueLayout.ADDRESS);

    private static final MethodHandle PANAMA = handle("cuLaunchKernel", LAUNCH);
    private static final MethodHandle PANAMA_CRITICAL = handle("cuLaunchKernel", LAUNCH, Linker.Option.critical(false));

    private static final MethodHandle GET_FUNCTION = handle(
            "cuModuleGetFunction",
            FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.ADDRESS));

    private static final MethodHandle LOAD = handle(
            "cuModuleLoadData", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS));

    private final CUfunction function = new CUfunction();
    private final CUstream defaultStream = new CUstream();
    private final Pointer parameters;
    private final MemorySegment panamaFunction;
    private final MemorySegment panamaParameters;

    /** Arguments as of {@code candor_zero}. The thread that calls this is the one that launches. */
    DriverKernel(Arena arena, MemorySegment to, long pitch, long bytes, long rows) throws Throwable {
        CUdevice device = new CUdevice();
        CUcontext context = new CUcontext();
        check(JCudaDriver.cuDeviceGet(device, 0));
        check(JCudaDriver.cuDevicePrimaryCtxRetain(context, device));
        check(JCudaDriver.cuCtxSetCurrent(context));
        String source = source();
        CUmodule module = new CUmodule();
        check(JCudaDriver.cuModuleLoadData(module, source));
        check(JCudaDriver.cuModuleGetFunction(function, module, "zero_rows"));
        long[] values = {to.address(), pitch, bytes, rows};
        parameters = Pointer.to(
                Pointer.to(new long[] {values[0]}),
                Pointer.to(new long[] {values[1]}),
                Pointer.to(new long[] {values[2]}),
                Pointer.to(new long[] {values[3]}));

        // JCuda keeps its handles to itself, so Panama loads the same text once more.
        MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
        check((int) LOAD.invokeExact(out, arena.allocateFrom(source)));
        MemorySegment again = out.get(ValueLayout.ADDRESS, 0);
        check((int) GET_FUNCTION.invokeExact(out, again, arena.allocateFrom("zero_rows")));
        panamaFunction = out.get(ValueLayout.ADDRESS, 0);
        MemorySegment numbers = arena.allocateFrom(ValueLayout.JAVA_LONG, values);
        panamaParameters = arena.allocate(ValueLayout.ADDRESS, values.length);
        for (int i = 0; i < values.length; i++) {
            panamaParameters.setAtIndex(ValueLayout.ADDRESS, i, numbers.asSlice(8L * i));
        }
    }

    private static MethodHandle handle(String name, FunctionDescriptor signature, Linker.Option... options) {
        MemorySegment address =
                SymbolLookup.libraryLookup("libcuda.so.1", Arena.global()).findOrThrow(name);
        return Linker.nativeLinker().downcallHandle(address, signature, options);
    }

    private static String source() throws IOException {
        try (InputStream in = DriverKernel.class.getResourceAsStream("zero_rows.ptx")) {
            return new String(in.readAllBytes(), StandardCharsets.US_ASCII);
        }
    }

    int launchJni() {
        return JCudaDriver.cuLaunchKernel(function, 1, 1, 1, THREADS, 1, 1, 0, defaultStream, parameters, null);
    }

    int launchPanama() throws Throwable {
        return (int) PANAMA.invokeExact(
                panamaFunction, 1, 1, 1, THREADS, 1, 1, 0, MemorySegment.NULL, panamaParameters, MemorySegment.NULL);
    }

    int launchPanamaCritical() throws Throwable {
        return (int) PANAMA_CRITICAL.invokeExact(
                panamaFunction, 1, 1, 1, THREADS, 1, 1, 0, MemorySegment.NULL, panamaParameters, MemorySegment.NULL);
    }

    void synchronise() {
        check(JCudaDriver.cuCtxSynchronize());
    }

    static void check(int status) {
        if (status != CUresult.CUDA_SUCCESS) {
            throw new IllegalStateException("the driver says " + CUresult.stringFor(status));
        }
    }
}
