package candor.bench;

import candor.bindings.NativeLibrary;
import candor.bindings.generated.CandorKernels;
import candor.bindings.generated.candor_matrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.TimeUnit;
import jcuda.runtime.JCuda;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What it costs to call a native function that does next to nothing. {@code peek…} is one function of JCuda's library, the same
 * machine code, called through JNI, through Panama, and through Panama with {@code Linker.Option.critical}; {@code version…}
 * is the emptiest function of our C API, and {@code swiGlu…} an operation of no rows: all that is done before a launch.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 10, time = 1)
@Fork(
        value = 1,
        jvmArgsAppend = {"--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"})
public class CallBenchmark {
    /** Which library stands behind the C API. */
    @Param("cuda-emulated")
    String library;

    private final Arena arena = Arena.ofShared();
    private final MemorySegment y = noRows(8);
    private final MemorySegment gateUp = noRows(16);
    private NativeDevice device;
    private MemorySegment stream;
    private int peeked;

    @Setup(Level.Trial)
    public void open() throws Throwable {
        device = new NativeDevice(library(library));
        stream = device.stream();
        JCudaLibraries.loadRuntime();
        peeked = JCuda.cudaPeekAtLastError();
        check();
    }

    private MemorySegment noRows(int cols) {
        MemorySegment matrix = candor_matrix.allocate(arena);
        candor_matrix.cols(matrix, cols);
        candor_matrix.dtype(matrix, CandorKernels.CANDOR_BF16());
        return matrix;
    }

    static NativeLibrary library(String name) {
        return name.equals("cuda") ? NativeLibrary.CUDA : NativeLibrary.EMULATED;
    }

    @Benchmark
    public int peekJni() {
        return JCuda.cudaPeekAtLastError();
    }

    @Benchmark
    public int peekPanama() throws Throwable {
        return (int) NativeCalls.PEEK.invokeExact(MemorySegment.NULL, MemorySegment.NULL);
    }

    @Benchmark
    public int peekPanamaCritical() throws Throwable {
        return (int) NativeCalls.PEEK_CRITICAL.invokeExact(MemorySegment.NULL, MemorySegment.NULL);
    }

    @Benchmark
    public int versionPanama() {
        return CandorKernels.candor_api_version();
    }

    @Benchmark
    public int versionPanamaCritical() throws Throwable {
        return (int) NativeCalls.VERSION_CRITICAL.invokeExact();
    }

    @Benchmark
    public int swiGluPanama() {
        return CandorKernels.candor_swiglu(y, gateUp, stream);
    }

    @Benchmark
    public int swiGluPanamaCritical() throws Throwable {
        return (int) NativeCalls.SWIGLU_CRITICAL.invokeExact(y, gateUp, stream);
    }

    /** All ways lead to the same function, and it says the same. */
    private void check() throws Throwable {
        equal(peeked, peekJni(), "peekJni");
        equal(peeked, peekPanama(), "peekPanama");
        equal(peeked, peekPanamaCritical(), "peekPanamaCritical");
        equal(CandorKernels.CANDOR_API_VERSION(), versionPanama(), "versionPanama");
        equal(CandorKernels.CANDOR_API_VERSION(), versionPanamaCritical(), "versionPanamaCritical");
        equal(0, swiGluPanama(), "swiGluPanama");
        equal(0, swiGluPanamaCritical(), "swiGluPanamaCritical");
    }

    private static void equal(int expected, int got, String what) {
        if (got != expected) {
            throw new IllegalStateException(what + " gave " + got + ", not " + expected);
        }
    }

    @TearDown(Level.Trial)
    public void close() throws Throwable {
        check();
        device.close();
        arena.close();
    }
}
