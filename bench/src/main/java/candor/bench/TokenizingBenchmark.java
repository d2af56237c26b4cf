package candor.bench;

import candor.data.ChatRowEncoder;
import candor.data.EncodedRow;
import candor.data.Example;
import candor.data.LossOn;
import candor.data.Prefetcher;
import candor.data.read.Origin;
import candor.text.ChatEncoder;
import candor.text.ChatTemplate;
import candor.text.Conversation;
import candor.text.Message;
import candor.text.SpecialTextPolicy;
import candor.text.Tokenizer;
import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Short chats through template, tokenizer and loss mask, on worker threads ahead of one taker. The taker does nothing
 * else in {@link #drain}, so {@code tokens} a second is what the workers can give; in {@link #train} it is busy for a
 * fixed time after every step's worth of tokens, and {@code waitedMillis} a second is what it loses to waiting.
 *
 * <p>Tokenizer and template are those of the golden Llama 3, see {@link Goldens}.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(
        value = 1,
        jvmArgsAppend = {"--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED", "-DRUST_FLAVOR=cpu"
        })
public class TokenizingBenchmark {
    private static final OperatingSystemMXBean MACHINE =
            ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);

    private static final int CHATS = 2000;

    /** A taker's step: so many tokens, and how long it is busy with them. That is 500,000 tokens a second. */
    private static final int STEP_TOKENS = 8192;

    private static final long STEP_NANOS = 16_384_000;

    /** {@code chat}: one user and one assistant turn; {@code pair}: the same as prompt and completion. */
    @Param({"chat", "pair"})
    public String layout;

    @Param({"1", "2"})
    public int workers;

    private List<Example> examples;
    private ChatRowEncoder encoder;
    private long expected;

    /**
     * What JMH divides by the time: tokens, milliseconds of the taker's waiting, and milliseconds of all threads on a
     * core, a second. On a machine with other work {@code tokens / cpuMillis} tells more than {@code tokens} alone.
     */
    @AuxCounters(AuxCounters.Type.OPERATIONS)
    @State(Scope.Thread)
    public static class Taken {
        public long tokens;
        public long waitedMillis;
        public long cpuMillis;
    }

    @Setup
    public void load() {
        Path folder = Goldens.model("llama3");
        encoder = new ChatRowEncoder(
                new ChatEncoder(
                        Tokenizer.load(folder),
                        ChatTemplate.load(folder, LocalDateTime.of(2026, 1, 1, 0, 0)),
                        SpecialTextPolicy.REFUSE),
                LossOn.COMPLETION);
        Chats chats = new Chats(1);
        examples = new ArrayList<>();
        for (int i = 0; i < CHATS; i++) {
            Message user = chats.user();
            Message assistant = chats.assistant();
            Example.Content content = layout.equals("chat")
                    ? new Example.Chat(new Conversation(List.of(user, assistant)))
                    : new Example.PromptAndCompletion(new Conversation(List.of(user)), List.of(assistant));
            examples.add(new Example(content, null, new Origin(Path.of("synthetic"), i + 1, 0)));
        }
        for (Example example : examples) {
            expected += encoder.encode(example).length();
        }
    }

    /** As fast as the workers can. */
    @Benchmark
    public long drain(Taken taken) {
        return take(taken, 0);
    }

    /** With a taker that is busy elsewhere, on an accelerator, and leaves the cores to the workers: it sleeps. */
    @Benchmark
    public long train(Taken taken) {
        return take(taken, STEP_NANOS);
    }

    private long take(Taken taken, long stepNanos) {
        long cpuStart = MACHINE.getProcessCpuTime();
        long tokens = 0;
        int inStep = 0;
        try (Prefetcher<Example, EncodedRow> rows =
                new Prefetcher<>(examples.iterator(), encoder::encode, workers, Prefetcher.ROWS)) {
            for (EncodedRow row = rows.next(); row != null; row = rows.next()) {
                tokens += row.length();
                inStep += row.length();
                if (inStep >= STEP_TOKENS && stepNanos > 0) {
                    LockSupport.parkNanos(stepNanos);
                    inStep = 0;
                }
            }
            taken.waitedMillis += TimeUnit.NANOSECONDS.toMillis(rows.waitedNanos());
        }
        taken.cpuMillis += TimeUnit.NANOSECONDS.toMillis(MACHINE.getProcessCpuTime() - cpuStart);
        if (tokens != expected) {
            throw new IllegalStateException(tokens + " tokens came, not " + expected);
        }
        taken.tokens += tokens;
        return tokens;
    }
}
