package candor.bench;

import candor.generate.Completion;
import candor.generate.Generator;
import candor.generate.Request;
import candor.generate.Sampling;
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
import candor.ops.Backend;
import candor.ops.Backends;
import candor.ops.Batch;
import candor.ops.KvPages;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
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

/** Greedy generation by a random model: {@code batch} prompts of one token, {@value #NEW} new tokens of each. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 3)
@Measurement(iterations = 5, time = 5)
@Fork(
        value = 1,
        jvmArgsAppend = {"--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"})
public class DecodeBenchmark {
    private static final int NEW = 96;
    private static final int RANK = 16;
    /** Of the cache, at least. */
    private static final long CACHE_BYTES = 1L << 30;

    /** New tokens per second. */
    @State(Scope.Thread)
    @AuxCounters(AuxCounters.Type.OPERATIONS)
    public static class Throughput {
        public long tokens;
    }

    @Param("tiny")
    String model;

    @Param({"1", "32"})
    int batch;

    /** Adapters that sequences are of in turns; 0 for the base model. */
    @Param({"0", "1", "4"})
    int adapters;

    @Param("cpu")
    String backend;

    @Param("2")
    int threads;

    private Backend ops;
    private Weights weights;
    private CausalLm lm;
    private Generator generator;
    private final SplittableRandom random = new SplittableRandom(1);

    @Setup(Level.Trial)
    public void open() {
        ModelConfig config = Shapes.weighted(model);
        ops = Backends.open(backend, threads);
        weights = Weights.random(config, 1, config.dtype());
        lm = new CausalLm(ops, weights, Recompute.NONE, NEW + 1);
        AdapterBank bank = adapters == 0 ? null : new AdapterBank(config, adapters);
        LoraConfig lora = new LoraConfig(RANK, 2 * RANK, false, EnumSet.allOf(Projection.class));
        for (int slot = 0; slot < adapters; slot++) {
            bank.set(
                    slot,
                    Adapter.frozen(Memory.of(ops), new AdapterLayout(config, lora))
                            .initialise(slot));
        }
        // All sequences at once, and a slab more.
        long tokens = (long) batch * KvPages.count(NEW + 1) * KvPages.TOKENS;
        long cache =
                CACHE_BYTES / 16 + tokens * KvPages.bytesPerToken(config.heads(), ops.activations()) * config.layers();
        generator = new Generator(
                lm, bank, null, new Generator.Settings(batch, Math.max(batch, 512), Math.max(CACHE_BYTES, cache)));
    }

    @Benchmark
    public int greedy(Throughput throughput) {
        List<Request> requests = new ArrayList<>();
        for (int i = 0; i < batch; i++) {
            int[] prompt = {random.nextInt(lm.config().vocabSize())};
            int slot = adapters == 0 ? Batch.BASE : i % adapters;
            Sampling greedy = new Sampling(0, 0, 1, 1, 0);
            requests.add(new Request(prompt, slot, greedy, i, NEW, List.of(), List.of(), false));
        }
        int tokens = 0;
        for (Completion completion : generator.generate(requests)) {
            tokens += completion.tokens().length;
        }
        if (tokens != batch * NEW) {
            throw new IllegalStateException(tokens + " new tokens, not " + batch * NEW);
        }
        throughput.tokens += tokens;
        return tokens;
    }

    @TearDown(Level.Trial)
    public void close() {
        generator.close();
        lm.close();
        weights.close();
        ops.close();
    }
}
