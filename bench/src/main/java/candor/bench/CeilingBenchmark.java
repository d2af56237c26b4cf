package candor.bench;

import java.util.concurrent.TimeUnit;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** What the processor can do at most, by as many threads as JMH is told: the rates that others are a share of. */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Fork(
        value = 1,
        jvmArgsAppend = {"--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"})
public class CeilingBenchmark {
    private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
    private static final int ROUNDS = 100_000;
    private static final int CHAINS = 12;

    /** Larger than the caches of a processor of today. */
    private static final int FLOATS = 16 << 20;

    /** Floating-point operations of one {@link #multiply}. */
    static final double FLOPS = 2.0 * ROUNDS * CHAINS * S.length();

    /** Bytes read and bytes written by one {@link #copy}. */
    static final double BYTES = 2.0 * Float.BYTES * FLOATS;

    private final float[] from = new float[FLOATS];
    private final float[] to = new float[FLOATS];

    /** Fused multiply-adds in registers, enough of them side by side to hide how long one takes. */
    @Benchmark
    public float multiply() {
        FloatVector a = FloatVector.broadcast(S, from[0]);
        FloatVector b = FloatVector.broadcast(S, from[1] + 1);
        FloatVector c0 = a;
        FloatVector c1 = a;
        FloatVector c2 = a;
        FloatVector c3 = a;
        FloatVector c4 = a;
        FloatVector c5 = a;
        FloatVector c6 = a;
        FloatVector c7 = a;
        FloatVector c8 = a;
        FloatVector c9 = a;
        FloatVector c10 = a;
        FloatVector c11 = a;
        for (int i = 0; i < ROUNDS; i++) {
            c0 = c0.fma(b, b);
            c1 = c1.fma(b, a);
            c2 = c2.fma(a, b);
            c3 = c3.fma(a, a);
            c4 = b.fma(c4, b);
            c5 = b.fma(c5, a);
            c6 = a.fma(c6, b);
            c7 = a.fma(c7, a);
            c8 = c8.fma(b, c8);
            c9 = c9.fma(a, c9);
            c10 = b.fma(b, c10);
            c11 = a.fma(b, c11);
        }
        c0 = c0.add(c1).add(c2).add(c3).add(c4).add(c5);
        return c0.add(c6).add(c7).add(c8).add(c9).add(c10).add(c11).lane(0);
    }

    /** Memory to memory. */
    @Benchmark
    public float[] copy() {
        System.arraycopy(from, 0, to, 0, FLOATS);
        return to;
    }
}
