package candor.ops.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.ops.AdamWStep;
import candor.ops.Batch;
import candor.ops.Heads;
import candor.ops.Write;
import candor.tensor.DType;
import candor.tensor.Tensor;
import candor.tensor.Workspace;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Sections of calls that come again: launched as graphs, with the values of their own time. */
class GraphCacheTest {
    private static final int WIDTH = 40;
    private static final int VOCABULARY = 13;

    private CudaBackend backend;
    private Workspace workspace;
    /** (5, 8) of a rotary table. */
    private Tensor cosines;

    private final Batch five = batch(new Random(1), 5);

    @BeforeEach
    void needsTheLibrary() {
        EmulatedDevice.assumeThere();
        open();
    }

    private void open() {
        backend = CudaBackend.emulated();
        workspace = backend.workspace(32 << 20);
    }

    @AfterEach
    void close() {
        if (backend != null) {
            workspace.close();
            backend.close();
        }
    }

    private Tensor random(DType type, int rows, int cols, long seed) {
        Random random = new Random(seed);
        float[] values = new float[rows * cols];
        for (int i = 0; i < values.length; i++) {
            values[i] = random.nextFloat() - 0.5f;
        }
        Tensor tensor = workspace.take(type, rows, cols);
        backend.upload(tensor, values);
        return tensor;
    }

    /** Sequences of these lengths, of random tokens, all of them targets. */
    private static Batch batch(Random random, int... lengths) {
        int n = Arrays.stream(lengths).sum();
        int[] starts = new int[lengths.length + 1];
        int[] positions = new int[n];
        for (int s = 0; s < lengths.length; s++) {
            starts[s + 1] = starts[s] + lengths[s];
            for (int i = 0; i < lengths[s]; i++) {
                positions[starts[s] + i] = i;
            }
        }
        int[] tokens = random.ints(n, 0, VOCABULARY).toArray();
        int[] targets = random.ints(n, 0, VOCABULARY).toArray();
        return new Batch(tokens, positions, targets, starts, new int[lengths.length]);
    }

    /** A step of something like training: what it moves on, and what it gives. */
    private final class Work {
        private final DeviceWeight table = new DeviceWeight(random(DType.BF16, VOCABULARY, WIDTH, 1), null);
        private final Tensor norm = random(DType.F32, 1, WIDTH, 2);
        private final Tensor weights = random(DType.F32, 1, 77, 3);
        private final Tensor gradient = random(DType.F32, 1, 77, 4);
        private final Tensor first = random(DType.F32, 1, 77, 5);
        private final Tensor second = backend.allocate(DType.F32, 1, 77);
        private final Tensor x = workspace.take(DType.BF16, 9, WIDTH);
        private final Tensor dx = workspace.take(DType.BF16, 9, WIDTH);
        private final Tensor rstd = workspace.take(9, 1);
        private final Tensor logp = workspace.take(9, 1);
        private final Tensor lse = workspace.take(9, 1);

        float[] step(Batch batch, int number) {
            int n = batch.tokenCount();
            backend.embed(x.rows(0, n), table, batch);
            backend.rmsNorm(x.rows(0, n), rstd.rows(0, n), x.rows(0, n), norm, 1e-5f);
            backend.logProb(logp.rows(0, n), lse.rows(0, n), null, x.rows(0, n), table, batch);
            backend.scatterTargets(dx.rows(0, n), x.rows(0, n), batch);
            backend.rmsNormBackward(dx.rows(0, n), x.rows(0, n), x.rows(0, n), norm, rstd.rows(0, n), Write.ADD);
            float[] got = new float[n + n * WIDTH + 78];
            float[] part = new float[n];
            backend.download(part, logp.rows(0, n));
            System.arraycopy(part, 0, got, 0, n);
            got[got.length - 1] = (float) backend.sumOfSquares(gradient);
            AdamWStep now = new AdamWStep(0.1 / number, 0.9, 0.99, 1e-8, 0.1, number % 2 == 0 ? 1 : 0.5, number);
            backend.adamW(weights, gradient, first, second, now);
            part = new float[n * WIDTH];
            backend.download(part, dx.rows(0, n));
            System.arraycopy(part, 0, got, n, n * WIDTH);
            part = new float[77];
            backend.download(part, weights);
            System.arraycopy(part, 0, got, n + n * WIDTH, 77);
            return got;
        }
    }

    private float[][] steps() {
        Work work = new Work();
        Random random = new Random(9);
        float[][] got = new float[9][];
        for (int i = 0; i < got.length; i++) {
            // Two shapes in turn; the second has sequences of other lengths each time.
            Batch batch = i % 2 == 0 ? batch(random, 5, 2) : batch(random, 1 + i / 2, 8 - i / 2);
            got[i] = work.step(batch, i + 1);
        }
        return got;
    }

    @Test
    void aSectionIsCapturedTheSecondTimeAndReplayedWithTheValuesOfTheDay() {
        float[][] with = steps();
        // Two shapes of the one section that is long enough: plain once, and seven launches.
        assertThat(backend.graphs().captured()).isEqualTo(2);
        assertThat(backend.graphs().replayed()).isEqualTo(7);
        close();
        withoutGraphs(() -> {
            open();
            assertThat(steps()).isDeepEqualTo(with);
            assertThat(backend.graphs()).isEqualTo(new GraphUse(0, 0, 0));
        });
        assertThat(with[0]).isNotEqualTo(with[2]);
    }

    private static void withoutGraphs(Runnable run) {
        System.setProperty(CudaBackend.GRAPHS, "false");
        try {
            run.run();
        } finally {
            System.clearProperty(CudaBackend.GRAPHS);
        }
    }

    /** Three calls that nothing stands between. */
    private void section(Tensor a, Tensor b, Tensor c) {
        backend.zero(a);
        backend.swiGlu(b, c);
        backend.zero(c);
        backend.synchronise();
    }

    @Test
    void aReplayTakesNoMemoryAndNoCallOfItsOwn() {
        Tensor a = random(DType.BF16, 2, 8, 1);
        Tensor b = random(DType.BF16, 3, 8, 2);
        Tensor c = random(DType.BF16, 3, 16, 3);
        section(a, b, c);
        section(a, b, c);
        assertThat(backend.graphs()).isEqualTo(new GraphUse(1, 1, 1));
        OptionalLong held = backend.ownBytes();
        for (int i = 0; i < 5; i++) {
            section(a, b, c);
        }
        assertThat(backend.graphs()).isEqualTo(new GraphUse(1, 6, 1));
        assertThat(backend.ownBytes()).isEqualTo(held);
        // Any other address, and it is another section.
        section(a, b.rows(0, 3).columns(0, 8), c);
        assertThat(backend.graphs().replayed()).isEqualTo(7);
        section(random(DType.BF16, 2, 8, 4), b, c);
        assertThat(backend.graphs()).isEqualTo(new GraphUse(1, 7, 2));
    }

    @Test
    void graphsAreBoundedAndTheOldestGoFirst() {
        Tensor b = random(DType.BF16, 3, 8, 2);
        Tensor c = random(DType.BF16, 3, 16, 3);
        Tensor[] own = new Tensor[GraphCache.MOST_GRAPHS + 3];
        for (int i = 0; i < own.length; i++) {
            own[i] = random(DType.BF16, 1, 8, i);
            section(own[i], b, c);
            section(own[i], b, c);
        }
        assertThat(backend.graphs()).isEqualTo(new GraphUse(own.length, own.length, own.length));
        section(own[own.length - 1], b, c);
        assertThat(backend.graphs().captured()).as("is there").isEqualTo(own.length);
        section(own[0], b, c);
        assertThat(backend.graphs().captured())
                .as("was dropped, and comes too seldom")
                .isEqualTo(own.length);
        section(own[0], b, c);
        assertThat(backend.graphs().captured()).as("comes more often").isEqualTo(own.length + 1);
    }

    @Test
    void aGraphWhoseScratchMemoryHasMovedIsCapturedAnew() {
        Tensor small = random(DType.F32, 1, 10, 1);
        Tensor large = random(DType.F32, 30, 2000, 2);
        double[] sums = new double[4];
        for (int i = 0; i < 4; i++) {
            if (i == 2) {
                backend.sumOfSquares(large);
            }
            backend.zero(large.rows(0, 1));
            backend.zero(large.rows(1, 2));
            sums[i] = backend.sumOfSquares(small);
        }
        assertThat(sums).containsOnly(sums[0]);
        assertThat(backend.graphs()).isEqualTo(new GraphUse(2, 3, 2));
    }

    /** A call that the C API refuses tells so where somebody waits for it, and what comes later is none the worse. */
    @Test
    void whatIsRefusedIsToldAndDropped() {
        Tensor b = random(DType.BF16, 3, 8, 2);
        Tensor c = random(DType.BF16, 3, 16, 3);
        Heads most = new Heads(1 << 16, 1, 8); // a grid has one row less
        Batch batch = batch(new Random(1), 1);
        Tensor o = workspace.take(DType.BF16, 1, most.queryCols());
        Tensor lse = workspace.take(1, most.query());
        Tensor qkv = workspace.take(DType.BF16, 1, most.allCols());
        for (int i = 0; i < 3; i++) {
            backend.zero(b);
            backend.zero(c);
            backend.attention(o, lse, qkv, most, batch);
            assertThatThrownBy(backend::synchronise)
                    .isInstanceOf(CudaException.class)
                    .hasMessageContaining("65536 query heads");
            section(b, b, c);
        }
        assertThat(backend.graphs().captured()).isEqualTo(1);
    }

    /** @param calls how many; each reads what the one before has written */
    private void longSection(Tensor rows, int calls) {
        backend.zero(rows.rows(0, 1));
        for (int i = 1; i < calls; i++) {
            backend.rope(rows, cosines, five);
        }
    }

    /** Longer than what is issued together; the values are those of calls that are issued one by one. */
    @Test
    void aSectionThatIsNewGoesToTheStreamAsItComes() {
        for (int calls : new int[] {8, 9, 40, 41, 75}) {
            List<float[]> values = new ArrayList<>();
            for (boolean graphs : new boolean[] {true, false}) {
                close();
                Runnable run = () -> {
                    open();
                    cosines = random(DType.F32, 5, 8, 7);
                    Tensor rows = random(DType.BF16, 5, 16, 8);
                    for (int i = 0; i < 4; i++) {
                        longSection(rows, calls);
                        backend.synchronise();
                    }
                    float[] got = new float[5 * 16];
                    backend.download(got, rows);
                    values.add(got);
                };
                if (graphs) {
                    run.run();
                    assertThat(backend.graphs())
                            .as("%d calls: once as it comes, then one graph", calls)
                            .isEqualTo(new GraphUse(1, 3, 1));
                } else {
                    withoutGraphs(run);
                }
            }
            assertThat(values.get(0)).isEqualTo(values.get(1));
        }
    }

    /** What begins as another did waits for its end, since it may have a graph; it is plain when it turns out to be another. */
    @Test
    void aBeginningThatHasComeBeforeIsNotTheWholeSection() {
        cosines = random(DType.F32, 5, 8, 7);
        Tensor rows = random(DType.BF16, 5, 16, 8);
        for (int calls : new int[] {20, 30, 20, 30, 30}) {
            longSection(rows, calls);
            backend.synchronise();
        }
        assertThat(backend.graphs()).isEqualTo(new GraphUse(2, 3, 2));
    }

    /** The refusal comes while the section is asked for, not at its end; what is asked for next is a section of its own. */
    @Test
    void whatIsRefusedOfANewSectionIsToldEarlyAndDropped() {
        Tensor b = random(DType.BF16, 3, 8, 2);
        Tensor c = random(DType.BF16, 3, 16, 3);
        Heads most = new Heads(1 << 16, 1, 8); // a grid has one row less
        Tensor o = workspace.take(DType.BF16, 5, most.queryCols());
        Tensor lse = workspace.take(5, most.query());
        Tensor qkv = workspace.take(DType.BF16, 5, most.allCols());
        cosines = random(DType.F32, 5, 8, 7);
        Tensor rows = random(DType.BF16, 5, 16, 8);
        assertThatThrownBy(() -> {
                    backend.attention(o, lse, qkv, most, five);
                    longSection(rows, 7);
                })
                .isInstanceOf(CudaException.class)
                .hasMessageContaining("65536 query heads");
        for (int i = 0; i < 3; i++) {
            section(b, b, c);
        }
        assertThat(backend.graphs()).isEqualTo(new GraphUse(1, 2, 1));
    }
}
