package candor.generate;

import static org.assertj.core.api.Assertions.assertThat;

import candor.model.CausalLm;
import candor.model.KeyValues;
import candor.model.Recompute;
import candor.model.Weights;
import candor.ops.Backend;
import candor.ops.Batch;
import candor.ops.KvPages;
import candor.ops.PageTables;
import candor.ops.TokenDraw;
import candor.ops.cpu.CpuBackend;
import candor.ops.cuda.CudaBackend;
import candor.ops.cuda.EmulatedDevice;
import candor.tensor.DType;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Logits with a row's log-sum-exp and without: other operations, the same bytes, so that no choice depends on who else asks. */
class LogitsTest {
    /** Sequences of one to five tokens, of which all or the last have a target. */
    private static float[] logits(Backend backend, int sequences, boolean all, boolean scored) {
        int[] starts = new int[sequences + 1];
        for (int s = 0; s < sequences; s++) {
            starts[s + 1] = starts[s] + 1 + s % 5;
        }
        int tokens = starts[sequences];
        int[] positions = new int[tokens];
        int[] targets = new int[tokens];
        int[] slots = new int[sequences];
        int[][] pages = new int[sequences][];
        Arrays.fill(slots, Batch.BASE);
        try (Weights weights = Weights.random(Models.TINY, 3, DType.F32);
                CausalLm model = new CausalLm(backend, weights, Recompute.NONE, KvPages.TOKENS);
                KvCache cache = new KvCache(backend, Models.TINY, 1 << 22)) {
            for (int s = 0; s < sequences; s++) {
                pages[s] = new int[] {cache.take()};
                for (int row = starts[s]; row < starts[s + 1]; row++) {
                    positions[row] = row - starts[s];
                    targets[row] = all || row + 1 == starts[s + 1] ? 0 : Batch.NO_TARGET;
                }
            }
            int[] ids = Models.prompt(new SplittableRandom(4), tokens);
            Batch batch = new Batch(ids, positions, targets, starts, slots);
            int vocabulary = Models.TINY.vocabSize();
            float[] logits = new float[batch.targetCount() * vocabulary];
            float[] lse = scored ? new float[batch.targetCount()] : null;
            float[] chosen = new float[2 * batch.targetCount()];
            List<TokenDraw> draws = Collections.nCopies(batch.targetCount(), TokenDraw.LIKELIEST);
            model.next(chosen, lse, draws, batch, null, new KeyValues(cache.layers(), new PageTables(pages)));
            for (int t = 0; t < batch.targetCount(); t++) {
                float[] row = new float[vocabulary];
                model.logits(row, t);
                System.arraycopy(row, 0, logits, t * vocabulary, vocabulary);
                assertThat(chosen[2 * t + 1])
                        .isEqualTo(row[(int) chosen[2 * t]])
                        .isEqualTo((float) IntStream.range(0, vocabulary)
                                .mapToDouble(v -> row[v])
                                .max()
                                .orElseThrow());
            }
            return logits;
        }
    }

    private static void compare(Backend backend) {
        for (int sequences : new int[] {1, 2, 7, 33, 70}) {
            for (boolean all : new boolean[] {true, false}) {
                assertThat(logits(backend, sequences, all, false))
                        .as("%d sequences, %s", sequences, all ? "all tokens" : "the last ones")
                        .isEqualTo(logits(backend, sequences, all, true));
            }
        }
    }

    @Test
    void onTheProcessor() {
        try (Backend backend = new CpuBackend(2)) {
            compare(backend);
        }
    }

    @Test
    void onTheEmulatedDevice() {
        EmulatedDevice.assumeThere();
        try (Backend backend = CudaBackend.emulated()) {
            compare(backend);
        }
    }
}
