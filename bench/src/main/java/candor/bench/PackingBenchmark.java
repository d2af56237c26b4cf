package candor.bench;

import candor.data.Batcher;
import candor.data.Batcher.MicroBatches;
import candor.data.EncodedRow;
import candor.data.Packing;
import candor.ops.Batch;
import java.util.ArrayList;
import java.util.Arrays;
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

/**
 * An epoch of {@value #ROWS} rows, of lengths as chats have them (log-normal, median 200 tokens, at most 2,048), packed into
 * micro-batches of {@value #BUDGET} tokens: which row goes where, and then the batches themselves.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(
        value = 1,
        jvmArgsAppend = {"--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"})
public class PackingBenchmark {
    private static final int ROWS = 20_000;
    private static final int BUDGET = 16_384;
    private static final int LONGEST = 2048;
    private static final int VOCABULARY = 32_000;
    private static final long SEED = 1;

    /** Rows and tokens per second. */
    @State(Scope.Thread)
    @AuxCounters(AuxCounters.Type.OPERATIONS)
    public static class Throughput {
        public long rows;
        public long tokens;
    }

    /** Rows that are packed among each other. */
    @Param({"256", "1024", "20000"})
    int window;

    private int[] lengths;
    private long tokens;
    private List<EncodedRow> rows;
    private List<List<Integer>> planned;
    private Batcher batcher;

    @Setup(Level.Trial)
    public void make() {
        SplittableRandom random = new SplittableRandom(SEED);
        lengths = new int[ROWS];
        rows = new ArrayList<>();
        for (int row = 0; row < ROWS; row++) {
            lengths[row] = (int) Math.clamp(200 * Math.exp(0.8 * random.nextGaussian()), 8, LONGEST);
            tokens += lengths[row];
            boolean[] target = new boolean[lengths[row]];
            Arrays.fill(target, lengths[row] / 2, lengths[row], true);
            int[] ids = random.ints(lengths[row], 0, VOCABULARY).toArray();
            rows.add(new EncodedRow(row, ids, target, lengths[row] / 2, null));
        }
        batcher = new Batcher(lengths, new Batcher.Settings(new MicroBatches.Tokens(BUDGET, window), 1, true, SEED));
        planned = epoch();
        checkPlan(planned);
    }

    /** The batcher's next; with the last step of an epoch it plans the one behind. */
    private List<List<Integer>> epoch() {
        List<List<Integer>> microBatches = new ArrayList<>();
        Batcher.Step step;
        do {
            step = batcher.next();
            microBatches.addAll(step.microBatches());
        } while (step.index() + 1 < step.stepsInEpoch());
        return microBatches;
    }

    /** Every row once, and none beyond the budget. */
    private void checkPlan(List<List<Integer>> microBatches) {
        boolean[] seen = new boolean[ROWS];
        int count = 0;
        for (List<Integer> microBatch : microBatches) {
            int sum = 0;
            for (int row : microBatch) {
                count += seen[row] ? 0 : 1;
                seen[row] = true;
                sum += lengths[row];
            }
            if (sum > BUDGET) {
                throw new IllegalStateException("a micro-batch of " + sum + " tokens, more than " + BUDGET);
            }
        }
        if (count != ROWS || microBatches.stream().mapToInt(List::size).sum() != ROWS) {
            throw new IllegalStateException("an epoch takes " + count + " of " + ROWS + " rows, or one twice");
        }
    }

    /** Shuffles an epoch and says which rows make which micro-batch. */
    @Benchmark
    public int plan(Throughput throughput) {
        planned = epoch();
        count(throughput);
        return planned.size();
    }

    /** Writes the rows of an epoch into batches. */
    @Benchmark
    public long write(Throughput throughput) {
        long written = 0;
        for (List<Integer> microBatch : planned) {
            Batch batch = Packing.of(microBatch.stream().map(rows::get).toList(), 0);
            written += batch.tokenCount();
        }
        if (written != tokens) {
            throw new IllegalStateException(written + " tokens in batches, not " + tokens);
        }
        count(throughput);
        return written;
    }

    private void count(Throughput throughput) {
        throughput.rows += ROWS;
        throughput.tokens += tokens;
    }

    @TearDown(Level.Trial)
    public void check() {
        checkPlan(planned);
        List<Integer> first = planned.getFirst();
        Batch batch = Packing.of(first.stream().map(rows::get).toList(), 0);
        for (int sequence = 0; sequence < first.size(); sequence++) {
            int[] ids = rows.get(first.get(sequence)).ids();
            for (int i = 0; i < ids.length; i++) {
                int place = batch.start(sequence) + i;
                if (batch.token(place) != ids[i] || batch.position(place) != i) {
                    throw new IllegalStateException("row " + first.get(sequence) + " is not where it should be");
                }
            }
        }
    }
}
