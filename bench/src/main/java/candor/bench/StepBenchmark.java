package candor.bench;

import candor.model.Recompute;
import candor.ops.Backend;
import candor.ops.Backends;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.AuxCounters;
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

/** One training step, the trainer's own over rows in memory, see {@link StepRig}. {@code tokens} counts packed positions per second. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 5)
@Measurement(iterations = 5, time = 5)
@Fork(
        value = 1,
        jvmArgsAppend = {"--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"})
public class StepBenchmark {
    /** Positions per second. */
    @State(Scope.Thread)
    @AuxCounters(AuxCounters.Type.OPERATIONS)
    public static class Throughput {
        public long tokens;
    }

    @Param({"tiny", "small"})
    String model;

    /** Adapters that train side by side. */
    @Param("1")
    int adapters;

    /** Rows of each adapter. */
    @Param("8")
    int batch;

    @Param("256")
    int length;

    @Param("cpu")
    String backend;

    @Param("2")
    int threads;

    @Param("NONE")
    Recompute recompute;

    private Backend ops;
    private StepRig rig;
    private double loss;

    @Setup(Level.Trial)
    public void open() {
        ops = Backends.open(backend, threads);
        rig = new StepRig(ops, Shapes.weighted(model), recompute, adapters, batch, length);
    }

    @Benchmark
    public double sft(Throughput throughput) {
        throughput.tokens += rig.positions();
        return loss = rig.sft();
    }

    @Benchmark
    public double kto(Throughput throughput) {
        throughput.tokens += rig.positions();
        return loss = rig.kto();
    }

    /** The same where nothing of the reference is kept: rows and pairs go through the base model, too. */
    @Benchmark
    public double ktoWithoutCache(Throughput throughput) {
        throughput.tokens += rig.positions();
        return loss = rig.ktoWithoutCache();
    }

    @TearDown(Level.Trial)
    public void close() {
        rig.check(loss);
        rig.close();
        ops.close();
    }
}
