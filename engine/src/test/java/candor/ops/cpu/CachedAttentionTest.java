package candor.ops.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import candor.ops.Batch;
import candor.ops.Heads;
import candor.ops.KvPages;
import candor.ops.PageTables;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** However a sequence is cut into passes, attention to the cache has the bits of attention over the whole. */
class CachedAttentionTest {
    private static final int[] LENGTHS = {97, 1, 64, 290, 33};
    private static final int PAGES = 10;

    @ParameterizedTest
    @CsvSource({
        "4,2,16,0,1000",
        "4,2,16,0,1",
        "3,1,32,0,7",
        "6,2,40,0,32",
        "7,1,64,0,31",
        "2,2,128,0,50",
        "2,1,16,1,5",
        "4,2,16,7,1",
        "3,1,40,33,7",
        "6,3,8,64,1000",
        "2,1,24,261,31",
        "2,1,24,1000,50"
    })
    void cutsLeaveNoTrace(int query, int key, int width, int window, int chunk) {
        Heads heads = new Heads(query, key, width, window);
        for (DType products : List.of(DType.F32, DType.BF16)) {
            assertThat(cutsLeaveNoTrace(heads, chunk, products))
                    .isEqualTo(cutsLeaveNoTrace(heads, 1_000_000, products));
        }
    }

    /** @return O of the cached passes */
    private static float[] cutsLeaveNoTrace(Heads heads, int chunk, DType products) {
        int n = Arrays.stream(LENGTHS).sum();
        try (Arena arena = Arena.ofShared();
                CpuBackend backend = new CpuBackend(2, products)) {
            SplittableRandom random = new SplittableRandom(7);
            Tensor qkv = Tensor.allocate(arena, DType.F32, n, heads.allCols());
            float[] values = new float[n * heads.allCols()];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) random.nextGaussian();
            }
            backend.upload(qkv, values);
            Tensor whole = Tensor.allocate(arena, DType.F32, n, heads.queryCols());
            Tensor lse = Tensor.allocate(arena, DType.F32, n, heads.query());
            int[] from = new int[LENGTHS.length];
            backend.attention(whole, lse, qkv, heads, batch(from, LENGTHS));

            KvPages cache = new KvPages(heads, 2);
            int[][] pages = new int[LENGTHS.length][PAGES];
            for (int p = 0; p < PAGES * LENGTHS.length; p++) {
                // Sequences take their pages in turns, and slabs come as they are needed.
                pages[p % LENGTHS.length][p / LENGTHS.length] = p;
                if (p % 2 == 0) {
                    cache.add(poison(arena, KvPages.cols(heads)));
                }
            }
            Tensor cut = Tensor.allocate(arena, DType.F32, n, heads.queryCols());
            int[] done = new int[LENGTHS.length];
            while (!Arrays.equals(done, LENGTHS)) {
                pass(backend, arena, heads, qkv, cut, cache, pages, done, chunk);
            }
            if (!new Products(CpuKernels.taken(), products).pairs()) {
                assertThat(cut.toFloats()).isEqualTo(whole.toFloats());
                return cut.toFloats();
            }
            // An instruction for pairs sums otherwise than the loops over pages: the same but for that.
            float[] have = cut.toFloats();
            float[] want = whole.toFloats();
            for (int i = 0; i < want.length; i++) {
                assertThat(have[i])
                        .as("element %d", i)
                        .isCloseTo(want[i], within(1e-2f * Math.max(1, Math.abs(want[i]))));
            }
            return have;
        }
    }

    /** The next rows of every sequence that has some left. */
    private static void pass(
            CpuBackend backend,
            Arena arena,
            Heads heads,
            Tensor qkv,
            Tensor o,
            KvPages cache,
            int[][] pages,
            int[] done,
            int chunk) {
        int[] open = java.util.stream.IntStream.range(0, LENGTHS.length)
                .filter(s -> done[s] < LENGTHS[s])
                .toArray();
        int[] from = Arrays.stream(open).map(s -> done[s]).toArray();
        int[] counts = Arrays.stream(open)
                .map(s -> Math.min(chunk, LENGTHS[s] - done[s]))
                .toArray();
        Batch batch = batch(from, counts);
        Tensor in = Tensor.allocate(arena, DType.F32, batch.tokenCount(), heads.allCols());
        Tensor out = Tensor.allocate(arena, DType.F32, batch.tokenCount(), heads.queryCols());
        for (int i = 0; i < open.length; i++) {
            move(qkv, start(open[i]) + from[i], in, batch.start(i), counts[i]);
        }
        PageTables tables =
                new PageTables(Arrays.stream(open).mapToObj(s -> pages[s]).toArray(int[][]::new));
        backend.cacheWrite(cache, in, batch, tables);
        backend.attentionCached(out, in, cache, batch, tables);
        for (int i = 0; i < open.length; i++) {
            move(out, batch.start(i), o, start(open[i]) + from[i], counts[i]);
            done[open[i]] += counts[i];
        }
    }

    private static void move(Tensor from, int fromRow, Tensor to, int toRow, int rows) {
        to.rows(toRow, toRow + rows)
                .data()
                .copyFrom(from.rows(fromRow, fromRow + rows).data());
    }

    private static int start(int sequence) {
        return Arrays.stream(LENGTHS, 0, sequence).sum();
    }

    private static Tensor poison(Arena arena, int cols) {
        Tensor slab = Tensor.allocate(arena, DType.F32, 2, cols);
        slab.data().fill((byte) 0xff);
        return slab;
    }

    private static Batch batch(int[] from, int[] lengths) {
        int[] starts = new int[lengths.length + 1];
        for (int s = 0; s < lengths.length; s++) {
            starts[s + 1] = starts[s] + lengths[s];
        }
        int[] positions = new int[starts[lengths.length]];
        for (int s = 0; s < lengths.length; s++) {
            for (int i = 0; i < lengths[s]; i++) {
                positions[starts[s] + i] = from[s] + i;
            }
        }
        int[] targets = new int[positions.length];
        Arrays.fill(targets, Batch.NO_TARGET);
        int[] slots = new int[lengths.length];
        Arrays.fill(slots, Batch.BASE);
        return new Batch(new int[positions.length], positions, targets, starts, slots);
    }
}
