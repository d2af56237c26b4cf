package candor.ops.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import candor.ops.weight.FrozenWeight;
import candor.ops.weight.PackedForm;
import candor.ops.weight.PackedWeight;
import candor.ops.weight.StoredWeight;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Panels in a weight's own codes hold its very numbers, piece by piece, and zeros beside them. */
class PackedPanelsTest {
    @ParameterizedTest
    @CsvSource({
        "NF4, 1, 64",
        "NF4, 33, 320",
        "NF4, 130, 64",
        "NF4, 301, 640",
        "INT8, 1, 1",
        "INT8, 33, 47",
        "INT8, 300, 261",
        "FP8, 1, 1",
        "FP8, 33, 47",
        "FP8, 300, 261",
        "FP8, 129, 640",
        "NF4, 33, 47"
    })
    void holdTheWeightInBothDirections(PackedForm form, int rows, int cols) {
        try (Arena arena = Arena.ofShared()) {
            Tensor plain = Tensor.allocate(arena, DType.F32, rows, cols);
            Random random = new Random(5);
            for (int row = 0; row < rows; row++) {
                for (int col = 0; col < cols; col++) {
                    plain.set(row, col, random.nextGaussian() * (1 + row % 7));
                }
            }
            PackedWeight weight = form.pack(StoredWeight.of(plain), arena);
            PanelSource source = PanelSource.plain(weight);
            check(filled(source.forward(), rows), cols, rows, (p, column) -> weight.get(column, p));
            check(filled(source.backward(), cols), rows, cols, weight::get);
        }
    }

    /** However many rows there are, and so however tall the blocks for which a panel is widened. */
    @ParameterizedTest
    @CsvSource({"NF4", "INT8", "FP8"})
    void manyRowsGiveTheBytesOfFew(PackedForm form) {
        int n = 531;
        int cols = 640;
        int few = 7;
        int columns = 301;
        try (Arena arena = Arena.ofShared();
                CpuBackend backend = new CpuBackend(2, 1 << 24)) {
            Tensor plain = random(arena, columns, cols, 1);
            FrozenWeight weight = backend.freeze(form.pack(StoredWeight.of(plain), arena));
            Tensor x = random(arena, n, cols, 2);
            Tensor all = Tensor.allocate(arena, DType.F32, n, columns);
            Tensor some = Tensor.allocate(arena, DType.F32, n, columns);
            backend.logits(all, x, weight);
            for (int row = 0; row < n; row += few) {
                int end = Math.min(n, row + few);
                backend.logits(some.rows(row, end), x.rows(row, end), weight);
            }
            assertThat(all.toFloats()).containsExactly(some.toFloats());
        }
    }

    private static Tensor random(Arena arena, int rows, int cols, int seed) {
        Tensor tensor = Tensor.allocate(arena, DType.F32, rows, cols);
        Random random = new Random(seed);
        for (int row = 0; row < rows; row++) {
            for (int col = 0; col < cols; col++) {
                tensor.set(row, col, random.nextGaussian());
            }
        }
        return tensor;
    }

    private static PanelSet filled(PanelSource.Layout layout, int columns) {
        for (int panel = 0; panel < Panels.count(columns); panel++) {
            layout.fill().accept(panel);
        }
        return layout.panels();
    }

    /** An element by its row in a panel and its column in all. */
    private interface Element {
        double at(int p, int column);
    }

    private static void check(PanelSet set, int depth, int columns, Element want) {
        if (!(set instanceof NarrowPanels narrow)) {
            return; // blocks that end within rows are widened as they are packed: the judge of operations has them
        }
        float[] piece = new float[Panels.floats(PanelKernels.DEPTH + PanelKernels.EXTRA)];
        for (int panel = 0; panel < Panels.count(columns); panel++) {
            for (int from = 0; from < depth; from += PanelKernels.DEPTH) {
                int n = Math.min(PanelKernels.DEPTH, depth - from);
                narrow.widen(piece, panel * narrow.stride() + from * narrow.row(), n);
                for (int p = 0; p < n; p++) {
                    for (int j = 0; j < TileShape.COLUMNS; j++) {
                        int column = panel * TileShape.COLUMNS + j;
                        double is = column < columns ? want.at(from + p, column) : 0;
                        assertThat((double) piece[p * TileShape.COLUMNS + j] + 0.0)
                                .as("row %d, column %d", from + p, column)
                                .isEqualTo(is + 0.0);
                    }
                }
            }
        }
    }
}
