package candor.ops.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import candor.ops.weight.PlainForm;
import candor.ops.weight.StoredWeight;
import candor.ops.weight.TrainedWeight;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.lang.foreign.Arena;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FrozenPanelsTest {
    @ParameterizedTest
    @CsvSource({"F32, F32", "BF16, F32", "F16, F32", "F32, BF16", "BF16, BF16", "F16, BF16"})
    void keepsWhatFitsTheBudgetAndOnlyWhatIsFrozen(PlainForm form, DType products) {
        int outputs = TileShape.COLUMNS + 1;
        int inputs = outputs;
        boolean narrow = form == PlainForm.BF16 || products == DType.BF16;
        int elements = 2 * (narrow ? Bf16Pairs.stride(inputs) : FloatPanels.stride(inputs));
        long forward = 4L * elements;
        assertThat(CpuBackend.panelBytes(form, (long) outputs * inputs, products))
                .isLessThanOrEqualTo(2 * forward);
        try (Arena arena = Arena.ofShared();
                Workers workers = new Workers(2, new Products(CpuKernels.JAVA, products))) {
            FrozenPanels panels = new FrozenPanels(workers, 2 * forward - 1);
            Tensor tensor = Tensor.allocate(arena, DType.valueOf(form.name()), outputs, inputs);
            CpuWeight first = new CpuWeight(StoredWeight.of(tensor), workers.panels);
            CpuWeight second = new CpuWeight(StoredWeight.of(tensor), workers.panels);
            assertThat(panels.forward(StoredWeight.of(tensor))).isNull();
            assertThat(panels.backward(new TrainedWeight(tensor, tensor))).isNull();
            PanelSet set = panels.forward(first);
            assertThat(
                            switch (set) {
                                case FloatPanels floats -> floats.floats().length;
                                case Bf16Pairs fewer -> fewer.pairs().length;
                                case PairPanels _, PackedPanels _, PlainRows _ -> throw new AssertionError(set);
                            })
                    .isEqualTo(elements);
            assertThat(set instanceof NarrowPanels).isEqualTo(narrow);
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
                Workers workers = new Workers(2, new Products(CpuKernels.JAVA, DType.F32))) {
            FrozenPanels panels = new FrozenPanels(workers, 1 << 20);
            Tensor weight =
                    Tensor.allocate(arena, DType.BF16, outputs, inputs + 3).columns(1, inputs + 1);
            for (int o = 0; o < outputs; o++) {
                for (int i = 0; i < inputs; i++) {
                    weight.set(o, i, o % 2 == 0 ? -1 - o - i / 128.0 : 1 + i);
                }
            }
            CpuWeight frozen = new CpuWeight(StoredWeight.of(weight), workers.panels);
            check(panels.forward(frozen), inputs, outputs, (p, column) -> weight.get(column, p));
            check(panels.backward(frozen), outputs, inputs, weight::get);
        }
    }

    /** Weights of more digits are in the same panels, each value rounded, where products take operands of bf16. */
    @ParameterizedTest
    @CsvSource({"F32, 1, 1", "F32, 17, 9", "F16, 3, 70", "F32, 65, 130"})
    void pairsHoldRoundedValuesOfOtherWeights(DType stored, int outputs, int inputs) {
        try (Arena arena = Arena.ofShared();
                Workers workers = new Workers(2, new Products(CpuKernels.JAVA, DType.BF16))) {
            FrozenPanels panels = new FrozenPanels(workers, 1 << 20);
            Tensor weight = Tensor.allocate(arena, stored, outputs, inputs + 3).columns(1, inputs + 1);
            for (int o = 0; o < outputs; o++) {
                for (int i = 0; i < inputs; i++) {
                    weight.set(o, i, (o + 1) / 3.0 - i / 7.0);
                }
            }
            CpuWeight frozen = new CpuWeight(StoredWeight.of(weight), workers.panels);
            check(panels.forward(frozen), inputs, outputs, (p, column) -> rounded(weight.get(column, p)));
            check(panels.backward(frozen), outputs, inputs, (p, column) -> rounded(weight.get(p, column)));
        }
    }

    private static double rounded(double value) {
        return DType.bf16ToFloat(DType.floatToBf16((float) value));
    }

    /** An element by its row in a panel and its column in all. */
    private interface Element {
        double at(int p, int column);
    }

    private static void check(PanelSet set, int depth, int columns, Element want) {
        float[] rows = new float[Panels.floats(depth)];
        for (int panel = 0; panel < Panels.count(columns); panel++) {
            ((Bf16Pairs) set).widen(rows, panel * set.stride(), depth);
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
