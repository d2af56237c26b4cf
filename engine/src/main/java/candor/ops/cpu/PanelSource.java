package candor.ops.cpu;

import static candor.ops.cpu.TileShape.COLUMNS;

import candor.ops.weight.Bf16Weight;
import candor.ops.weight.F32Weight;
import candor.ops.weight.PackedWeight;
import candor.ops.weight.StoredWeight;
import candor.ops.weight.Weight;
import java.util.function.IntConsumer;

/**
 * A weight (O, I) that panels are made of. Forms that have loops of their own have a class here; any other is widened row by row,
 * to the same values.
 */
interface PanelSource {
    /**
     * The panels of a weight, as a layout has them.
     *
     * @throws IllegalArgumentException where the weight is another backend's
     */
    static PanelSource of(Weight weight, PanelLayout layout) {
        return weight instanceof CpuWeight own ? own.source() : layout.source(StoredWeight.of(weight));
    }

    /** Those of float32. */
    static PanelSource plain(StoredWeight stored) {
        return switch (stored) {
            case F32Weight plain -> new F32Source(plain.tensor());
            case Bf16Weight plain -> new Bf16Source(plain.tensor());
            case PackedWeight packed -> PackedSource.of(packed);
            default -> new WidenedSource(stored);
        };
    }

    int rows();

    int cols();

    /**
     * A panel of wᵀ: its column j is row {@code row + j} of w, all of it.
     *
     * @param rows how many rows of w, at most {@link TileShape#COLUMNS}
     */
    void transposed(float[] to, int at, int row, int rows);

    /**
     * A panel of w: its row p is row {@code row + p} of w, from column {@code col} on.
     *
     * @param cols how many columns of w, at most {@link TileShape#COLUMNS}
     */
    void natural(float[] to, int at, int row, int depth, int col, int cols);

    /** Panels to keep, zero yet, and what fills one of them. */
    record Layout(PanelSet panels, IntConsumer fill) {}

    /** 32-bit elements from one panel to the next, where they are kept. */
    default int stride(int depth) {
        return FloatPanels.stride(depth);
    }

    /** All panels of wᵀ. */
    default Layout forward() {
        FloatPanels to = FloatPanels.zeros(Panels.count(rows()), cols());
        return new Layout(
                to,
                panel -> transposed(to.floats(), panel * to.stride(), panel * COLUMNS, Panels.width(rows(), panel)));
    }

    /** All panels of w. */
    default Layout backward() {
        FloatPanels to = FloatPanels.zeros(Panels.count(cols()), rows());
        return new Layout(
                to,
                panel -> natural(
                        to.floats(), panel * to.stride(), 0, rows(), panel * COLUMNS, Panels.width(cols(), panel)));
    }
}
