package candor.ops.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import candor.check.NaiveBackend;
import candor.ops.Backend;
import candor.ops.Batch;
import candor.ops.Heads;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Attention around the lengths and widths where a row of scores, or of a head, goes on in the next piece of an array. */
class AttentionPiecesTest {
    private static final class Run implements AutoCloseable {
        final Backend ops;
        final Tensor o;
        final Tensor lse;
        final Tensor dqkv;

        Run(Backend ops, Heads heads, float[] qkvValues, float[] slopes, int... lengths) {
            this.ops = ops;
            Batch batch = batch(lengths);
            int n = batch.tokenCount();
            Tensor qkv = ops.allocate(DType.F32, n, heads.allCols());
            Tensor dout = ops.allocate(DType.F32, n, heads.queryCols());
            o = ops.allocate(DType.F32, n, heads.queryCols());
            lse = ops.allocate(DType.F32, n, heads.query());
            dqkv = ops.allocate(DType.F32, n, heads.allCols());
            ops.upload(qkv, qkvValues);
            ops.upload(dout, slopes);
            ops.attention(o, lse, qkv, heads, batch);
            ops.attentionBackward(dqkv, dout, qkv, o, lse, heads, batch);
        }

        @Override
        public void close() {
            ops.close();
        }
    }

    private static Batch batch(int... lengths) {
        int n = Arrays.stream(lengths).sum();
        int[] positions = new int[n];
        int[] starts = new int[lengths.length + 1];
        int[] targets = new int[n];
        Arrays.fill(targets, Batch.NO_TARGET);
        int row = 0;
        for (int s = 0; s < lengths.length; s++) {
            for (int i = 0; i < lengths[s]; i++) {
                positions[row++] = i;
            }
            starts[s + 1] = row;
        }
        return new Batch(new int[n], positions, targets, starts, new int[lengths.length]);
    }

    private static float[] random(int seed, int n) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    @ParameterizedTest
    @CsvSource({
        "32,0,253,3",
        "32,0,254,1",
        "32,0,256,33",
        "40,0,257,2",
        "8,0,300,255",
        "64,0,513,1",
        "264,0,35,4",
        "512,0,9,1",
        "32,254,300,258",
        "8,5,533,37",
        "16,256,290,1",
        "8,31,300,64"
    })
    void agreesWithPlainLoops(int width, int window, int length, int other) {
        Heads heads = new Heads(2, 1, width, window);
        int n = length + other;
        float[] qkv = random(1, n * heads.allCols());
        float[] slopes = random(2, n * heads.queryCols());
        try (Run quick = new Run(new CpuBackend(2), heads, qkv, slopes, length, other);
                Run plain = new Run(new NaiveBackend(), heads, qkv, slopes, length, other)) {
            same(quick.o, plain.o);
            same(quick.lse, plain.lse);
            same(quick.dqkv, plain.dqkv);
        }
    }

    private static void same(Tensor quick, Tensor plain) {
        float[] have = quick.toFloats();
        float[] want = plain.toFloats();
        for (int i = 0; i < want.length; i++) {
            assertThat(have[i]).as("element %d", i).isCloseTo(want[i], within(2e-5f * Math.max(1, Math.abs(want[i]))));
        }
    }

    /**
     * What is not a number shows in every row that sees it, and in no other; but where it is a value, the few rows before that
     * share a tile with one that sees it multiply it by zero, which is not a number either.
     */
    @Test
    void notANumberShowsWhereItIsSeen() {
        Heads heads = new Heads(2, 1, 16);
        int length = 41;
        int bad = 21;
        for (int col : new int[] {0, heads.queryCols(), heads.queryCols() + heads.keyCols()}) {
            float[] qkv = random(3, length * heads.allCols());
            qkv[bad * heads.allCols() + col] = Float.NaN;
            try (Run run = new Run(new CpuBackend(2), heads, qkv, random(4, length * heads.queryCols()), length)) {
                for (int row = 0; row < length; row++) {
                    boolean value = col == heads.queryCols() + heads.keyCols();
                    int block = CpuKernels.taken() == CpuKernels.JAVA ? AttentionKernels.ROWS : NativeAttention.HEIGHT;
                    int first = value ? bad / block * block : bad;
                    boolean sees = col == 0 ? row == bad : row >= first;
                    assertThat(Double.isNaN(run.o.get(row, 0)))
                            .as("column %d, row %d", col, row)
                            .isEqualTo(sees);
                }
                assertThat(run.dqkv.toFloats()).contains(Float.NaN);
            }
        }
    }

    /** A window that no sequence is longer than. */
    @Test
    void aWindowThatIsLongEnoughLeavesNoTrace() {
        Heads all = new Heads(4, 2, 24);
        float[] qkv = random(3, 360 * all.allCols());
        float[] slopes = random(4, 360 * all.queryCols());
        try (Run whole = new Run(new CpuBackend(2), all, qkv, slopes, 290, 70);
                Run wide = new Run(new CpuBackend(2), all.within(290), qkv, slopes, 290, 70)) {
            assertThat(wide.o.toFloats()).isEqualTo(whole.o.toFloats());
            assertThat(wide.lse.toFloats()).isEqualTo(whole.lse.toFloats());
            assertThat(wide.dqkv.toFloats()).isEqualTo(whole.dqkv.toFloats());
        }
    }
}
