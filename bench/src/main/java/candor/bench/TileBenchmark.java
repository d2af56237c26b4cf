package candor.bench;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
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
 * The rungs of the tile loop, from the one that was to the one that is and the one that might be: nanoseconds of one thread
 * for a fused multiply-add of two vectors. Twice the lanes of a vector over that are GFLOP/s. Operands lie in the caches.
 *
 * <p>What differs is what else the loop holds: bounds that are checked again, addresses computed for each operand, and
 * whether C2 finds registers for all accumulators. Six rows side by side it sometimes runs at half the speed, as it loads
 * all of them ahead, unless its scheduler takes no account of registers, strange as that is ({@link #arraysTallUnscheduled}). Where each
 * operand has an index of its own it does not, and rows may lie one after the other ({@link #arraysTallTwoIndices}): that is what
 * the engine has where there are 16 registers.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 10, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Fork(
        value = 1,
        jvmArgsAppend = {"--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"})
public class TileBenchmark {
    private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
    private static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
    private static final int LANES = S.length();
    private static final int COLUMNS = 2 * LANES;
    private static final long BYTES = S.vectorByteSize();
    private static final int DEPTH = 256;
    private static final int ROW = DEPTH + 16;

    /** A multiple of 4 and of 6. */
    private static final int ROWS = 60;

    private static final int PANELS = 8;
    private static final int PANEL = DEPTH * COLUMNS;
    private static final int MULTIPLY_ADDS = ROWS * 2 * PANELS * DEPTH;

    private final Arena arena = Arena.ofShared();
    private final float[] a = new float[ROWS * ROW];
    private final float[] b = new float[PANELS * PANEL];
    private final MemorySegment aSegment = arena.allocate(Float.BYTES * (long) a.length, BYTES);
    private final MemorySegment bSegment = arena.allocate(Float.BYTES * (long) b.length, BYTES);
    private final float[] tile = new float[6 * COLUMNS];

    /** The same in every element, so that every loop has the same result. */
    @Setup(Level.Trial)
    public void fill() {
        Arrays.fill(a, 0.5f);
        Arrays.fill(b, 1e-3f);
        MemorySegment.copy(a, 0, aSegment, FLOAT, 0, a.length);
        MemorySegment.copy(b, 0, bSegment, FLOAT, 0, b.length);
    }

    @Benchmark
    @OperationsPerInvocation(MULTIPLY_ADDS)
    public float[] strides() {
        Arrays.fill(tile, 0f);
        for (int panel = 0; panel < PANELS; panel++) {
            for (int row = 0; row < ROWS; row += 4) {
                strides4x2(aSegment, 4L * row * ROW, 4L * ROW, bSegment, 4L * panel * PANEL, 2 * BYTES, tile);
            }
        }
        return tile;
    }

    @Benchmark
    @OperationsPerInvocation(MULTIPLY_ADDS)
    public float[] segments() {
        Arrays.fill(tile, 0f);
        for (int panel = 0; panel < PANELS; panel++) {
            for (int row = 0; row < ROWS; row += 4) {
                segments4x2(a, row * ROW, bSegment, 4L * panel * PANEL, tile);
            }
        }
        return tile;
    }

    @Benchmark
    @OperationsPerInvocation(MULTIPLY_ADDS)
    public float[] arrays() {
        Arrays.fill(tile, 0f);
        for (int panel = 0; panel < PANELS; panel++) {
            for (int row = 0; row < ROWS; row += 4) {
                arrays4x2(a, row * ROW, b, panel * PANEL, tile);
            }
        }
        return tile;
    }

    @Benchmark
    @OperationsPerInvocation(MULTIPLY_ADDS)
    public float[] arraysTall() {
        Arrays.fill(tile, 0f);
        for (int panel = 0; panel < PANELS; panel++) {
            for (int row = 0; row < ROWS; row += 6) {
                arrays6x2(a, row * DEPTH, b, panel * PANEL, tile);
            }
        }
        return tile;
    }

    @Benchmark
    @OperationsPerInvocation(MULTIPLY_ADDS)
    @Fork(
            value = 1,
            jvmArgsAppend = {
                "--add-modules=jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-XX:-OptoRegScheduling"
            })
    public float[] arraysTallUnscheduled() {
        return arraysTall();
    }

    @Benchmark
    @OperationsPerInvocation(MULTIPLY_ADDS)
    public float[] arraysTallTwoIndices() {
        Arrays.fill(tile, 0f);
        for (int panel = 0; panel < PANELS; panel++) {
            for (int row = 0; row < ROWS; row += 6) {
                twoIndices6x2(a, row * ROW, b, panel * PANEL, tile);
            }
        }
        return tile;
    }

    /** Every element of the last tile is the sum of so many equal products. */
    @TearDown(Level.Trial)
    public void check() {
        arena.close();
        int tall = tile[4 * COLUMNS] == 0 ? 4 : 6;
        double want = 0.5e-3 * DEPTH * PANELS * ROWS / tall;
        for (int i = 0; i < tall * COLUMNS; i++) {
            if (!(Math.abs(tile[i] - want) <= 1e-3 * want)) {
                throw new IllegalStateException("element " + i + " is " + tile[i] + ", not " + want);
            }
        }
    }

    /** Memory segments, strides that the compiler does not know. */
    private static void strides4x2(MemorySegment a, long ao, long rs, MemorySegment b, long bo, long bs, float[] tile) {
        FloatVector c00 = FloatVector.fromArray(S, tile, 0);
        FloatVector c01 = FloatVector.fromArray(S, tile, LANES);
        FloatVector c10 = FloatVector.fromArray(S, tile, COLUMNS);
        FloatVector c11 = FloatVector.fromArray(S, tile, COLUMNS + LANES);
        FloatVector c20 = FloatVector.fromArray(S, tile, 2 * COLUMNS);
        FloatVector c21 = FloatVector.fromArray(S, tile, 2 * COLUMNS + LANES);
        FloatVector c30 = FloatVector.fromArray(S, tile, 3 * COLUMNS);
        FloatVector c31 = FloatVector.fromArray(S, tile, 3 * COLUMNS + LANES);
        for (int p = 0; p < DEPTH; p++, ao += Float.BYTES, bo += bs) {
            FloatVector b0 = FloatVector.fromMemorySegment(S, b, bo, ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(S, b, bo + BYTES, ORDER);
            FloatVector a0 = FloatVector.broadcast(S, a.get(FLOAT, ao));
            c00 = a0.fma(b0, c00);
            c01 = a0.fma(b1, c01);
            FloatVector a1 = FloatVector.broadcast(S, a.get(FLOAT, ao + rs));
            c10 = a1.fma(b0, c10);
            c11 = a1.fma(b1, c11);
            FloatVector a2 = FloatVector.broadcast(S, a.get(FLOAT, ao + 2 * rs));
            c20 = a2.fma(b0, c20);
            c21 = a2.fma(b1, c21);
            FloatVector a3 = FloatVector.broadcast(S, a.get(FLOAT, ao + 3 * rs));
            c30 = a3.fma(b0, c30);
            c31 = a3.fma(b1, c31);
        }
        c00.intoArray(tile, 0);
        c01.intoArray(tile, LANES);
        c10.intoArray(tile, COLUMNS);
        c11.intoArray(tile, COLUMNS + LANES);
        c20.intoArray(tile, 2 * COLUMNS);
        c21.intoArray(tile, 2 * COLUMNS + LANES);
        c30.intoArray(tile, 3 * COLUMNS);
        c31.intoArray(tile, 3 * COLUMNS + LANES);
    }

    /** B in a memory segment, constant strides. */
    private static void segments4x2(float[] a, int ao, MemorySegment b, long bo, float[] tile) {
        FloatVector c00 = FloatVector.fromArray(S, tile, 0);
        FloatVector c01 = FloatVector.fromArray(S, tile, LANES);
        FloatVector c10 = FloatVector.fromArray(S, tile, COLUMNS);
        FloatVector c11 = FloatVector.fromArray(S, tile, COLUMNS + LANES);
        FloatVector c20 = FloatVector.fromArray(S, tile, 2 * COLUMNS);
        FloatVector c21 = FloatVector.fromArray(S, tile, 2 * COLUMNS + LANES);
        FloatVector c30 = FloatVector.fromArray(S, tile, 3 * COLUMNS);
        FloatVector c31 = FloatVector.fromArray(S, tile, 3 * COLUMNS + LANES);
        for (int p = 0; p < DEPTH; p++) {
            FloatVector b0 = FloatVector.fromMemorySegment(S, b, bo + p * 2 * BYTES, ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(S, b, bo + p * 2 * BYTES + BYTES, ORDER);
            FloatVector a0 = FloatVector.broadcast(S, a[ao + p]);
            c00 = a0.fma(b0, c00);
            c01 = a0.fma(b1, c01);
            FloatVector a1 = FloatVector.broadcast(S, a[ao + ROW + p]);
            c10 = a1.fma(b0, c10);
            c11 = a1.fma(b1, c11);
            FloatVector a2 = FloatVector.broadcast(S, a[ao + 2 * ROW + p]);
            c20 = a2.fma(b0, c20);
            c21 = a2.fma(b1, c21);
            FloatVector a3 = FloatVector.broadcast(S, a[ao + 3 * ROW + p]);
            c30 = a3.fma(b0, c30);
            c31 = a3.fma(b1, c31);
        }
        c00.intoArray(tile, 0);
        c01.intoArray(tile, LANES);
        c10.intoArray(tile, COLUMNS);
        c11.intoArray(tile, COLUMNS + LANES);
        c20.intoArray(tile, 2 * COLUMNS);
        c21.intoArray(tile, 2 * COLUMNS + LANES);
        c30.intoArray(tile, 3 * COLUMNS);
        c31.intoArray(tile, 3 * COLUMNS + LANES);
    }

    /** Arrays, constant strides. */
    private static void arrays4x2(float[] a, int ao, float[] b, int bo, float[] tile) {
        FloatVector c00 = FloatVector.fromArray(S, tile, 0);
        FloatVector c01 = FloatVector.fromArray(S, tile, LANES);
        FloatVector c10 = FloatVector.fromArray(S, tile, COLUMNS);
        FloatVector c11 = FloatVector.fromArray(S, tile, COLUMNS + LANES);
        FloatVector c20 = FloatVector.fromArray(S, tile, 2 * COLUMNS);
        FloatVector c21 = FloatVector.fromArray(S, tile, 2 * COLUMNS + LANES);
        FloatVector c30 = FloatVector.fromArray(S, tile, 3 * COLUMNS);
        FloatVector c31 = FloatVector.fromArray(S, tile, 3 * COLUMNS + LANES);
        for (int p = 0; p < DEPTH; p++) {
            FloatVector b0 = FloatVector.fromArray(S, b, bo + p * COLUMNS);
            FloatVector b1 = FloatVector.fromArray(S, b, bo + p * COLUMNS + LANES);
            FloatVector a0 = FloatVector.broadcast(S, a[ao + p]);
            c00 = a0.fma(b0, c00);
            c01 = a0.fma(b1, c01);
            FloatVector a1 = FloatVector.broadcast(S, a[ao + ROW + p]);
            c10 = a1.fma(b0, c10);
            c11 = a1.fma(b1, c11);
            FloatVector a2 = FloatVector.broadcast(S, a[ao + 2 * ROW + p]);
            c20 = a2.fma(b0, c20);
            c21 = a2.fma(b1, c21);
            FloatVector a3 = FloatVector.broadcast(S, a[ao + 3 * ROW + p]);
            c30 = a3.fma(b0, c30);
            c31 = a3.fma(b1, c31);
        }
        c00.intoArray(tile, 0);
        c01.intoArray(tile, LANES);
        c10.intoArray(tile, COLUMNS);
        c11.intoArray(tile, COLUMNS + LANES);
        c20.intoArray(tile, 2 * COLUMNS);
        c21.intoArray(tile, 2 * COLUMNS + LANES);
        c30.intoArray(tile, 3 * COLUMNS);
        c31.intoArray(tile, 3 * COLUMNS + LANES);
    }

    /** Arrays, six rows of A side by side. */
    private static void arrays6x2(float[] a, int ao, float[] b, int bo, float[] tile) {
        FloatVector c00 = FloatVector.fromArray(S, tile, 0);
        FloatVector c01 = FloatVector.fromArray(S, tile, LANES);
        FloatVector c10 = FloatVector.fromArray(S, tile, COLUMNS);
        FloatVector c11 = FloatVector.fromArray(S, tile, COLUMNS + LANES);
        FloatVector c20 = FloatVector.fromArray(S, tile, 2 * COLUMNS);
        FloatVector c21 = FloatVector.fromArray(S, tile, 2 * COLUMNS + LANES);
        FloatVector c30 = FloatVector.fromArray(S, tile, 3 * COLUMNS);
        FloatVector c31 = FloatVector.fromArray(S, tile, 3 * COLUMNS + LANES);
        FloatVector c40 = FloatVector.fromArray(S, tile, 4 * COLUMNS);
        FloatVector c41 = FloatVector.fromArray(S, tile, 4 * COLUMNS + LANES);
        FloatVector c50 = FloatVector.fromArray(S, tile, 5 * COLUMNS);
        FloatVector c51 = FloatVector.fromArray(S, tile, 5 * COLUMNS + LANES);
        for (int p = 0; p < DEPTH; p++) {
            FloatVector b0 = FloatVector.fromArray(S, b, bo + p * COLUMNS);
            FloatVector b1 = FloatVector.fromArray(S, b, bo + p * COLUMNS + LANES);
            FloatVector a0 = FloatVector.broadcast(S, a[ao + p * 6]);
            c00 = a0.fma(b0, c00);
            c01 = a0.fma(b1, c01);
            FloatVector a1 = FloatVector.broadcast(S, a[ao + p * 6 + 1]);
            c10 = a1.fma(b0, c10);
            c11 = a1.fma(b1, c11);
            FloatVector a2 = FloatVector.broadcast(S, a[ao + p * 6 + 2]);
            c20 = a2.fma(b0, c20);
            c21 = a2.fma(b1, c21);
            FloatVector a3 = FloatVector.broadcast(S, a[ao + p * 6 + 3]);
            c30 = a3.fma(b0, c30);
            c31 = a3.fma(b1, c31);
            FloatVector a4 = FloatVector.broadcast(S, a[ao + p * 6 + 4]);
            c40 = a4.fma(b0, c40);
            c41 = a4.fma(b1, c41);
            FloatVector a5 = FloatVector.broadcast(S, a[ao + p * 6 + 5]);
            c50 = a5.fma(b0, c50);
            c51 = a5.fma(b1, c51);
        }
        c00.intoArray(tile, 0);
        c01.intoArray(tile, LANES);
        c10.intoArray(tile, COLUMNS);
        c11.intoArray(tile, COLUMNS + LANES);
        c20.intoArray(tile, 2 * COLUMNS);
        c21.intoArray(tile, 2 * COLUMNS + LANES);
        c30.intoArray(tile, 3 * COLUMNS);
        c31.intoArray(tile, 3 * COLUMNS + LANES);
        c40.intoArray(tile, 4 * COLUMNS);
        c41.intoArray(tile, 4 * COLUMNS + LANES);
        c50.intoArray(tile, 5 * COLUMNS);
        c51.intoArray(tile, 5 * COLUMNS + LANES);
    }

    /** Arrays, six rows of A one after the other, and an index for each operand. */
    private static void twoIndices6x2(float[] a, int ao, float[] b, int bo, float[] tile) {
        FloatVector c00 = FloatVector.fromArray(S, tile, 0);
        FloatVector c01 = FloatVector.fromArray(S, tile, LANES);
        FloatVector c10 = FloatVector.fromArray(S, tile, COLUMNS);
        FloatVector c11 = FloatVector.fromArray(S, tile, COLUMNS + LANES);
        FloatVector c20 = FloatVector.fromArray(S, tile, 2 * COLUMNS);
        FloatVector c21 = FloatVector.fromArray(S, tile, 2 * COLUMNS + LANES);
        FloatVector c30 = FloatVector.fromArray(S, tile, 3 * COLUMNS);
        FloatVector c31 = FloatVector.fromArray(S, tile, 3 * COLUMNS + LANES);
        FloatVector c40 = FloatVector.fromArray(S, tile, 4 * COLUMNS);
        FloatVector c41 = FloatVector.fromArray(S, tile, 4 * COLUMNS + LANES);
        FloatVector c50 = FloatVector.fromArray(S, tile, 5 * COLUMNS);
        FloatVector c51 = FloatVector.fromArray(S, tile, 5 * COLUMNS + LANES);
        int end = bo + PANEL;
        for (int q = bo, p = ao; q < end; q += COLUMNS, p++) {
            FloatVector b0 = FloatVector.fromArray(S, b, q);
            FloatVector b1 = FloatVector.fromArray(S, b, q + LANES);
            FloatVector a0 = FloatVector.broadcast(S, a[p]);
            c00 = a0.fma(b0, c00);
            c01 = a0.fma(b1, c01);
            FloatVector a1 = FloatVector.broadcast(S, a[p + ROW]);
            c10 = a1.fma(b0, c10);
            c11 = a1.fma(b1, c11);
            FloatVector a2 = FloatVector.broadcast(S, a[p + 2 * ROW]);
            c20 = a2.fma(b0, c20);
            c21 = a2.fma(b1, c21);
            FloatVector a3 = FloatVector.broadcast(S, a[p + 3 * ROW]);
            c30 = a3.fma(b0, c30);
            c31 = a3.fma(b1, c31);
            FloatVector a4 = FloatVector.broadcast(S, a[p + 4 * ROW]);
            c40 = a4.fma(b0, c40);
            c41 = a4.fma(b1, c41);
            FloatVector a5 = FloatVector.broadcast(S, a[p + 5 * ROW]);
            c50 = a5.fma(b0, c50);
            c51 = a5.fma(b1, c51);
        }
        c00.intoArray(tile, 0);
        c01.intoArray(tile, LANES);
        c10.intoArray(tile, COLUMNS);
        c11.intoArray(tile, COLUMNS + LANES);
        c20.intoArray(tile, 2 * COLUMNS);
        c21.intoArray(tile, 2 * COLUMNS + LANES);
        c30.intoArray(tile, 3 * COLUMNS);
        c31.intoArray(tile, 3 * COLUMNS + LANES);
        c40.intoArray(tile, 4 * COLUMNS);
        c41.intoArray(tile, 4 * COLUMNS + LANES);
        c50.intoArray(tile, 5 * COLUMNS);
        c51.intoArray(tile, 5 * COLUMNS + LANES);
    }
}
