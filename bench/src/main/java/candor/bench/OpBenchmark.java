package candor.bench;

import candor.check.NaiveBackend;
import candor.model.ModelConfig;
import candor.ops.Backend;
import candor.ops.Backends;
import java.util.concurrent.TimeUnit;
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

/** One operation of {@link Operations}; {@link Bench} adds what it costs and how far from the ceiling it is. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(
        value = 1,
        jvmArgsAppend = {"--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"})
public class OpBenchmark {
    /** The plain loops, to compare with. */
    static final String PLAIN = "plain";

    @Param("tiny")
    String model;

    @Param("linear.gate")
    String op;

    @Param("2048")
    int tokens;

    @Param("256")
    int length;

    @Param("cpu")
    String backend;

    @Param("2")
    int threads;

    private Backend ops;
    private OperationRig rig;

    @Setup(Level.Trial)
    public void open() {
        ops = backend.equals(PLAIN) ? new NaiveBackend() : Backends.open(backend, threads);
        ModelConfig config = Shapes.named(model);
        Operation operation = Operations.named(op, config, tokens, length, ops.activations());
        rig = new OperationRig(ops, operation, tokens, length, config.vocabSize());
    }

    @Benchmark
    public void run() {
        rig.run();
    }

    @TearDown(Level.Trial)
    public void close() {
        rig.check();
        ops.close();
    }
}
