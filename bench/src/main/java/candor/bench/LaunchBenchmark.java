package candor.bench;

import candor.bindings.NativeLibrary;
import candor.bindings.generated.CandorKernels;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What the caller pays for a launch of one small kernel, which zeroes two short rows, on a GPU: through JNI (JCuda) and through
 * Panama, both by the driver's cuLaunchKernel; and through our C API, whose library launches it by the CUDA runtime. Launches
 * go out {@value #LAUNCHES} at a time, fewer than the driver queues before it makes a caller wait; waiting for the device
 * is not in the time.
 *
 * <p>Critical launches are measured to know what they would save. We make none: a launch that has to wait would hold up every
 * thread that wants a garbage collection.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 10, time = 1)
@Fork(
        value = 1,
        jvmArgsAppend = {"--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"})
public class LaunchBenchmark {
    private static final int LAUNCHES = 256;

    // The C API launches its kernel only where rows do not touch.
    private static final int PITCH = 48;
    private static final int BYTES = 32;
    private static final int ROWS = 2;

    private final Arena arena = Arena.ofShared();
    private NativeDevice device;
    private DriverKernel kernel;
    private MemorySegment memory;

    /** Why there is nothing to launch on, or "". */
    static String obstacle() {
        if (!NativeLibrary.CUDA.isThere()) {
            return "there is no " + NativeLibrary.CUDA.fileName();
        }
        return JCudaLibraries.loadDriver();
    }

    @Setup(Level.Trial)
    public void open() throws Throwable {
        String obstacle = JCudaLibraries.loadDriver();
        if (!obstacle.isEmpty()) {
            throw new IllegalStateException(obstacle);
        }
        device = new NativeDevice(NativeLibrary.CUDA);
        memory = device.allocate(PITCH * ROWS);
        kernel = new DriverKernel(arena, memory, PITCH, BYTES, ROWS);
        check("jni", this::jni);
        check("panama", this::panama);
        check("panamaCritical", this::panamaCritical);
        check("cApi", this::cApi);
    }

    @Benchmark
    @OperationsPerInvocation(LAUNCHES)
    public void jni() {
        for (int i = 0; i < LAUNCHES; i++) {
            DriverKernel.check(kernel.launchJni());
        }
    }

    @Benchmark
    @OperationsPerInvocation(LAUNCHES)
    public void panama() throws Throwable {
        for (int i = 0; i < LAUNCHES; i++) {
            DriverKernel.check(kernel.launchPanama());
        }
    }

    @Benchmark
    @OperationsPerInvocation(LAUNCHES)
    public void panamaCritical() throws Throwable {
        for (int i = 0; i < LAUNCHES; i++) {
            DriverKernel.check(kernel.launchPanamaCritical());
        }
    }

    @Benchmark
    @OperationsPerInvocation(LAUNCHES)
    public void cApi() {
        for (int i = 0; i < LAUNCHES; i++) {
            NativeDevice.check(CandorKernels.candor_zero(memory, PITCH, BYTES, ROWS, device.stream()));
        }
    }

    /** An invocation takes half a millisecond, so that its own timestamp costs nothing. */
    @TearDown(Level.Invocation)
    public void drain() {
        kernel.synchronise();
    }

    private interface Launches {
        void run() throws Throwable;
    }

    /** Rows become zero, and what lies between them stays. */
    private void check(String what, Launches launches) throws Throwable {
        byte[] ones = new byte[PITCH * ROWS];
        Arrays.fill(ones, (byte) 1);
        byte[] expected = ones.clone();
        for (int row = 0; row < ROWS; row++) {
            Arrays.fill(expected, row * PITCH, row * PITCH + BYTES, (byte) 0);
        }
        device.write(memory, ones);
        launches.run();
        kernel.synchronise();
        if (!Arrays.equals(device.read(memory, ones.length), expected)) {
            throw new IllegalStateException(what + " did not zero the rows, and them alone");
        }
    }

    @TearDown(Level.Trial)
    public void close() {
        device.close();
        arena.close();
    }
}
