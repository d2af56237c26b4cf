package candor.ops.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import candor.tensor.DType;
import candor.tensor.Tensor;
import java.lang.foreign.Arena;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class FrozenPanelsTest {
    @ParameterizedTest
    @EnumSource(names = {"F32", "F16", "BF16"})
    void keepsWhatFitsTheBudgetAndOnlyWhatWasRegistered(DType dtype) {
        int outputs = TileShape.COLUMNS + 1;
        int inputs = outputs;
        boolean paired = dtype == DType.BF16;
        int elements = 2 * (paired ? Bf16Pairs.ints(inputs) : FrozenPanels.stride(inputs));
        long forward = 4L * elements;
        try (Arena arena = Arena.ofShared();
                Workers workers = new Workers(2)) {
            FrozenPanels panels = new FrozenPanels(workers, 2 * forward - 1);
            Tensor first = Tensor.allocate(arena, dtype, outputs, inputs);
            Tensor second = Tensor.allocate(arena, dtype, outputs, inputs);
            assertThat(panels.forward(first)).isNull();
            panels.register(first);
            panels.register(second);
            PanelSet set = panels.forward(first);
            assertThat(paired ? set.pairs().length : set.floats().length).isEqualTo(elements);
            assertThat(set.paired()).isEqualTo(paired);
            assertThat(panels.forward(first)).isSameAs(set);
            assertThat(panels.forward(second)).isNull();
            assertThat(panels.backward(second)).isNull();
        }
    }

    /** Both directions of a bf16 weight, against its elements, with rows and columns that are missing in the last panels. */
    @ParameterizedTest
    @CsvSource({"1, 1", "3, 70", "16, 16", "17, 9", "65, 130"})
    void pairsHoldTheWeightAndZerosBesideIt(int outputs, int inputs) {
        try (Arena arena = Arena.ofShared();
                Workers workers = new Workers(2)) {
            FrozenPanels panels = new FrozenPanels(workers, 1 << 20);
            Tensor weight =
                    Tensor.allocate(arena, DType.BF16, outputs, inputs + 3).columns(1, inputs + 1);
            for (int o = 0; o < outputs; o++) {
                for (int i = 0; i < inputs; i++) {
                    weight.set(o, i, o % 2 == 0 ? -1 - o - i / 128.0 : 1 + i);
                }
            }
            panels.register(weight);
            check(panels.forward(weight), inputs, outputs, (p, column) -> weight.get(column, p));
            check(panels.backward(weight), outputs, inputs, weight::get);
        }
    }

    /** An element by its row in a panel and its column in all. */
    private interface Element {
        double at(int p, int column);
    }

    private static void check(PanelSet set, int depth, int columns, Element want) {
        float[] rows = new float[Panels.floats(depth)];
        for (int panel = 0; panel < Panels.count(columns); panel++) {
            Bf16Pairs.widen(rows, set.pairs(), panel * set.stride(), depth);
            for (int p = 0; p < depth; p++) {
                for (int j = 0; j < TileShape.COLUMNS; j++) {
                    int column = panel * TileShape.COLUMNS + j;
                    double is = column < columns ? want.at(p, column) : 0;
                    assertThat((double) rows[p * TileShape.COLUMNS + j])
                            .as("%d, %d", p, column)
                            .isEqualTo(is);
                }
            }
        }
    }
}
