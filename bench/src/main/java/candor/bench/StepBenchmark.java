package candor.bench;

import candor.lora.Adapter;
import candor.lora.AdapterBank;
import candor.lora.AdapterLayout;
import candor.lora.LoraConfig;
import candor.lora.Memory;
import candor.model.CausalLm;
import candor.model.ModelConfig;
import candor.model.Projection;
import candor.model.Recompute;
import candor.model.Weights;
import candor.ops.AdamWStep;
import candor.ops.Backend;
import candor.ops.Backends;
import candor.ops.Batch;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.SplittableRandom;
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

/**
 * One SFT step as a user's run does it: forward, backward, clipping, AdamW; every token but the last of a sequence is a
 * target, and LoRA of rank 16 sits on all linear layers. {@code tokens} counts packed positions per second.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 4, time = 10)
@Measurement(iterations = 5, time = 5)
@Fork(
        value = 1,
        jvmArgsAppend = {"--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"})
public class StepBenchmark {
    private static final int RANK = 16;

    /** Positions per second. */
    @State(Scope.Thread)
    @AuxCounters(AuxCounters.Type.OPERATIONS)
    public static class Throughput {
        public long tokens;
    }

    @Param({"tiny", "small"})
    String model;

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
    private Weights weights;
    private CausalLm lm;
    private AdapterBank bank;
    private Adapter adapter;
    private Tensor first;
    private Tensor second;
    private Batch rows;
    private float[] logp;
    private float[] derivatives;
    private long step;

    @Setup(Level.Trial)
    public void open() {
        ModelConfig config = Shapes.named(model);
        weights = Weights.random(config, 1, DType.F32);
        ops = Backends.open(backend, threads);
        lm = new CausalLm(ops, weights, recompute, length);
        LoraConfig lora = new LoraConfig(RANK, 2 * RANK, false, EnumSet.allOf(Projection.class));
        adapter = Adapter.trained(Memory.of(ops), new AdapterLayout(config, lora)).initialise(1);
        bank = new AdapterBank(config, 1);
        bank.set(0, adapter);
        first = ops.allocate(DType.F32, 1, adapter.parameters().cols());
        second = ops.allocate(DType.F32, 1, adapter.parameters().cols());
        rows = rows(config.vocabSize());
        logp = new float[rows.targetCount()];
        derivatives = new float[rows.targetCount()];
        Arrays.fill(derivatives, -1f / derivatives.length);
    }

    private Batch rows(int vocabulary) {
        SplittableRandom random = new SplittableRandom(1);
        int n = batch * length;
        int[] tokens = random.ints(n, 0, vocabulary).toArray();
        int[] positions = new int[n];
        int[] targets = new int[n];
        int[] starts = new int[batch + 1];
        for (int i = 0; i < n; i++) {
            positions[i] = i % length;
            targets[i] = positions[i] == length - 1 ? Batch.NO_TARGET : tokens[i + 1];
        }
        Arrays.setAll(starts, s -> s * length);
        return new Batch(tokens, positions, targets, starts, new int[batch]);
    }

    @Benchmark
    public double sft(Throughput throughput) {
        lm.forward(logp, rows, bank, true);
        lm.backward(derivatives);
        double norm = Math.sqrt(ops.sumOfSquares(adapter.gradients()));
        AdamWStep now = new AdamWStep(1e-4, 0.9, 0.999, 1e-8, 0.01, Math.min(1, 1 / (norm + 1e-6)), ++step);
        ops.adamW(adapter.parameters(), adapter.gradients(), first, second, now);
        ops.zero(adapter.gradients());
        throughput.tokens += rows.tokenCount();
        return norm;
    }

    /** A step that computed nothing, or nonsense, has no speed. */
    @TearDown(Level.Trial)
    public void close() {
        double loss = 0;
        for (float value : logp) {
            loss -= value / logp.length;
        }
        double atRandom = Math.log(weights.config().vocabSize());
        lm.close();
        ops.close();
        weights.close();
        if (!(loss > 0 && loss < 1.1 * atRandom)) {
            throw new IllegalStateException("loss " + loss + ", expected below that of guessing, " + atRandom);
        }
    }
}
