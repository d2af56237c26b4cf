package candor.ops.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import candor.tensor.DType;
import candor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Every element is one chain of fused multiply-adds, whatever the way it takes and whosever loops: so equal to the last bit. */
@ParameterizedClass
@MethodSource("found")
class GemmTest {
    private static final int GAP = 3;
    private static final float OUTSIDE = 77;

    private final Random random = new Random(5);

    /** Whose loops are tested: each of those that this machine runs. */
    @Parameter
    CpuKernels kernels;

    private Gemm gemm(Arena arena) {
        return new Products(kernels, DType.F32).gemm(arena);
    }

    static List<CpuKernels> found() {
        return CpuKernels.found();
    }

    private Tensor random(Arena arena, int rows, int cols) {
        Tensor wide = Tensor.allocate(arena, DType.F32, rows, cols + GAP);
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < cols; c++) {
                wide.set(r, c, random.nextFloat() - 0.5f);
            }
        }
        return wide.columns(0, cols);
    }

    /** Panels that end where their last row does. */
    private static float[] pack(Tensor b) {
        int panels = Panels.count(b.cols());
        float[] packed = new float[panels * Panels.floats(b.rows())];
        for (int panel = 0; panel < panels; panel++) {
            int from = panel * TileShape.COLUMNS;
            int cols = Math.min(TileShape.COLUMNS, b.cols() - from);
            Panels.natural(packed, panel * Panels.floats(b.rows()), b, 0, b.rows(), from, cols, 1f, false);
        }
        return packed;
    }

    private static Tensor transpose(Arena arena, Tensor x) {
        Tensor y = Tensor.allocate(arena, DType.F32, Math.max(1, x.cols()), x.rows() + GAP);
        for (int r = 0; r < x.rows(); r++) {
            for (int c = 0; c < x.cols(); c++) {
                y.set(c, r, x.get(r, c));
            }
        }
        return y;
    }

    private static float chain(float from, Tensor a, Tensor b, int row, int col) {
        float sum = from;
        for (int p = 0; p < b.rows(); p++) {
            sum = Math.fma((float) a.get(row, p), (float) b.get(p, col), sum);
        }
        return sum;
    }

    /** Into a part of a tensor: nothing beside the part may change. */
    private Tensor whole(Arena arena, int rows, int cols) {
        Tensor whole = Tensor.allocate(arena, DType.F32, rows + 2, cols + GAP);
        for (int r = 0; r < rows + 2; r++) {
            for (int c = 0; c < cols + GAP; c++) {
                whole.set(r, c, OUTSIDE);
            }
        }
        return whole;
    }

    private static void check(Tensor whole, float[][] want) {
        for (int r = 0; r < whole.rows(); r++) {
            for (int c = 0; c < whole.cols(); c++) {
                boolean inside = r >= 1 && r <= want.length && c >= 1 && c <= want[0].length;
                float is = inside ? want[r - 1][c - 1] : OUTSIDE;
                assertThat((float) whole.get(r, c)).as("%d, %d", r - 1, c - 1).isEqualTo(is);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "1, 1, 1, 0", "8, 3, 9, 2", "7, 33, 5, 3", "8, 16, 1, 1", "8, 15, 40, 4",
        "9, 17, 255, 16", "13, 31, 256, 0", "16, 32, 257, 300", "31, 49, 1023, 7", "32, 64, 1024, 16",
        "33, 65, 1025, 16", "11, 35, 2049, 257", "8, 48, 2300, 0", "17, 40, 0, 5"
    })
    void productsAreChainsOfFusedMultiplyAdds(int rows, int cols, int depth, int depth2) {
        try (Arena arena = Arena.ofConfined()) {
            Tensor a = random(arena, rows, depth);
            Tensor b = random(arena, depth, cols);
            Tensor a2 = random(arena, rows, depth2);
            Tensor b2 = random(arena, depth2, cols);
            Tensor init = random(arena, rows, cols);
            float[] packed = pack(b);
            float[] packed2 = pack(b2);
            Gemm gemm = gemm(arena);
            // With the same A, bare, from a row, from a tensor, onto what is there: along A's rows, then across them.
            for (int turn = 0; turn < 8; turn++) {
                int kind = turn % 4;
                if (turn == 0) {
                    gemm.a(a, 0, 0);
                } else if (turn == 4) {
                    gemm.aTransposed(transpose(arena, a), 0, 0);
                }
                boolean second = depth2 > 0 && turn < 4;
                Tensor whole = whole(arena, rows, cols);
                gemm.b(packed, 0, Panels.floats(depth));
                if (second) {
                    gemm.second(a2, 0, 0, packed2, 0, Panels.floats(depth2), depth2);
                }
                float[][] want = new float[rows][cols];
                for (int r = 0; r < rows; r++) {
                    for (int c = 0; c < cols; c++) {
                        float from = kind == 0 ? 0 : kind == 3 ? OUTSIDE : (float) init.get(kind == 1 ? 0 : r, c);
                        float first = chain(from, a, b, r, c);
                        want[r][c] = second ? chain(first, a2, b2, r, c) : first;
                    }
                }
                if (kind == 3) {
                    gemm.addTo(whole, 1, 1, rows, cols, depth);
                } else {
                    if (kind > 0) {
                        gemm.init(init.data(), 0, kind == 1 ? 0 : init.stride() * Float.BYTES);
                    }
                    gemm.into(whole, 1, 1, rows, cols, depth);
                }
                check(whole, want);
            }
        }
    }

    @Test
    void anotherAIsNotTakenForTheOneBefore() {
        try (Arena arena = Arena.ofConfined()) {
            Tensor a = random(arena, 40, 70);
            Tensor b = random(arena, 70, 50);
            float[] packed = pack(b);
            Gemm gemm = gemm(arena);
            for (int row : new int[] {0, 9, 24}) {
                Tensor whole = whole(arena, 16, 50);
                gemm.a(a, row, 0).b(packed, 0, Panels.floats(70)).into(whole, 1, 1, 16, 50, 70);
                float[][] want = new float[16][50];
                for (int r = 0; r < 16; r++) {
                    for (int c = 0; c < 50; c++) {
                        want[r][c] = chain(0, a, b, row + r, c);
                    }
                }
                check(whole, want);
            }
        }
    }

    /** [A|A₂]·[B;B₂], with B₂ behind B's panels: the same chain as one product after the other. */
    @ParameterizedTest
    @CsvSource({"1, 1, 1, 1", "9, 17, 255, 16", "13, 31, 256, 3", "33, 49, 1024, 16", "8, 40, 1030, 5"})
    void whatLiesBehindThePanelsGoesWithThem(int rows, int cols, int depth, int extra) {
        try (Arena arena = Arena.ofConfined()) {
            Tensor a = random(arena, rows, depth);
            Tensor a2 = random(arena, rows, extra);
            Tensor both = random(arena, depth + extra, cols);
            float[] packed = pack(both);
            Tensor whole = whole(arena, rows, cols);
            gemm(arena)
                    .a(a, 0, 0)
                    .b(packed, 0, Panels.floats(depth + extra))
                    .joined(a2, 0, 0, extra)
                    .into(whole, 1, 1, rows, cols, depth);
            float[][] want = new float[rows][cols];
            for (int r = 0; r < rows; r++) {
                for (int c = 0; c < cols; c++) {
                    float first = chain(0, a, both.rows(0, depth), r, c);
                    want[r][c] = chain(first, a2, both.rows(depth, depth + extra), r, c);
                }
            }
            check(whole, want);
        }
    }

    /** Panels of bf16, two to an int, from the beginning and from further on: the values are the same, and so is the chain. */
    @ParameterizedTest
    @CsvSource({"1, 1, 1, 0", "9, 17, 255, 16", "13, 31, 256, 3", "33, 65, 1024, 16", "8, 40, 1030, 5", "5, 9, 40, 0"})
    void pairsAreWidenedToWhatTheyAre(int rows, int cols, int depth, int extra) {
        try (Arena arena = Arena.ofConfined()) {
            Tensor a = random(arena, rows, depth);
            Tensor a2 = random(arena, rows, extra);
            Tensor b2 = random(arena, extra, cols);
            for (int skipped : new int[] {0, 1}) { // panels, and as many rows of each
                Tensor w = roundedRandom(arena, depth + skipped, cols + skipped * TileShape.COLUMNS);
                PanelSet panels = pairs(w);
                Tensor b = w.rows(skipped, w.rows()).columns(skipped * TileShape.COLUMNS, w.cols());
                float[][] want = new float[rows][cols];
                for (int r = 0; r < rows; r++) {
                    for (int c = 0; c < cols; c++) {
                        want[r][c] = chain(0, a, b, r, c);
                    }
                }
                Gemm gemm = gemm(arena);
                Tensor whole = whole(arena, rows, cols);
                gemm.aTransposed(transpose(arena, a), 0, 0).b(panels, skipped, skipped);
                gemm.into(whole, 1, 1, rows, cols, depth);
                check(whole, want);

                gemm.a(a, 0, 0).b(panels, skipped, skipped);
                if (extra > 0) {
                    gemm.joined(a2, 0, 0, pack(b2), 0, Panels.floats(extra), extra);
                    for (int r = 0; r < rows; r++) {
                        for (int c = 0; c < cols; c++) {
                            want[r][c] = chain(want[r][c], a2, b2, r, c);
                        }
                    }
                }
                gemm.into(whole, 1, 1, rows, cols, depth);
                check(whole, want);
            }
        }
    }

    private Tensor roundedRandom(Arena arena, int rows, int cols) {
        Tensor x = Tensor.allocate(arena, DType.BF16, rows, cols);
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < cols; c++) {
                x.set(r, c, random.nextFloat() - 0.5f);
            }
        }
        return x;
    }

    private static PanelSet pairs(Tensor b) {
        Bf16Pairs pairs = Bf16Pairs.zeros(Panels.count(b.cols()), b.rows());
        for (int panel = 0; panel < Panels.count(b.cols()); panel++) {
            int from = panel * TileShape.COLUMNS;
            pairs.natural(panel, b, from, Math.min(TileShape.COLUMNS, b.cols() - from));
        }
        return pairs;
    }

    /** A copy is kept under its key, whatever becomes of the rows; another key, and naming A without one, copy anew. */
    @Test
    void aKeyKeepsTheCopy() {
        try (Arena arena = Arena.ofConfined()) {
            Tensor a = random(arena, 8, 20);
            Tensor b = random(arena, 20, 16);
            Tensor first = whole(arena, 8, 16);
            Tensor same = whole(arena, 8, 16);
            Tensor other = whole(arena, 8, 16);
            Tensor again = whole(arena, 8, 16);
            float[] packed = pack(b);
            int panel = Panels.floats(20);
            Gemm gemm = gemm(arena);
            gemm.a(a, 0, 0, 1).b(packed, 0, panel).into(first, 1, 1, 8, 16, 20);
            a.set(0, 0, a.get(0, 0) + 1);
            gemm.a(a, 0, 0, 1).b(packed, 0, panel).into(same, 1, 1, 8, 16, 20);
            gemm.a(a, 0, 0, 2).b(packed, 0, panel).into(other, 1, 1, 8, 16, 20);
            a.set(0, 0, a.get(0, 0) + 1);
            gemm.a(a, 0, 0).b(packed, 0, panel).into(again, 1, 1, 8, 16, 20);
            assertThat(same.toFloats()).isEqualTo(first.toFloats());
            assertThat(other.get(1, 1)).isNotEqualTo(first.get(1, 1));
            assertThat(again.get(1, 1)).isNotEqualTo(other.get(1, 1));
        }
    }
}
