package candor.ops.cpu;

import candor.ops.weight.Bf16Weight;
import candor.ops.weight.F32Weight;
import candor.ops.weight.Weight;
import candor.tensor.Tensor;
import java.util.function.IntConsumer;

/**
 * Lays frozen weights out in panels once, instead of at each use: forward (wᵀ) and backward (w), each when it is first wanted.
 * Panels of bf16 weights are bf16 ({@link Bf16Pairs}), those of packed ones in their codes ({@link PackedPanels}), others float32, or
 * bf16 where operands of products are rounded to it; both directions together take twice the weight's memory, as float32 of an f16
 * weight four times. Beyond the budget a weight is packed at each use, which a large batch hardly
 * notices. Native loops read w itself backward ({@link PlainRows}) where it is float32 or bf16, which takes no memory.
 */
final class FrozenPanels {
    /** About what an array holds. */
    private static final long MOST_ELEMENTS = Integer.MAX_VALUE - 8L;

    private final Workers workers;
    private long left;

    /** @param budget bytes of panels, at most */
    FrozenPanels(Workers workers, long budget) {
        this.workers = workers;
        left = budget;
    }

    /** The panels of wᵀ: for each {@link TileShape#COLUMNS} rows of w (O,I), I rows of the panel; or null. */
    PanelSet forward(Weight weight) {
        if (!(weight instanceof CpuWeight own)) {
            return null; // it is trained, or was never frozen
        }
        if (own.forward == null && takes(own, Panels.count(own.rows()), own.cols())) {
            own.forward = filled(own.source().forward(), Panels.count(own.rows()));
        }
        return own.forward;
    }

    /** The panels of w: for each {@link TileShape#COLUMNS} columns of w (O,I), O rows of the panel; or null. */
    PanelSet backward(Weight weight) {
        if (!(weight instanceof CpuWeight own)) {
            return null;
        }
        if (own.backward == null && workers.products.areNative() && plain(own) != null) {
            own.backward = new PlainRows(plain(own));
        }
        if (own.backward == null && takes(own, Panels.count(own.cols()), own.rows())) {
            own.backward = filled(own.source().backward(), Panels.count(own.cols()));
        }
        return own.backward;
    }

    /** The tensor of a weight that native loops read as it lies, or null. */
    private static Tensor plain(CpuWeight weight) {
        return switch (weight.stored()) {
            case F32Weight one -> one.tensor();
            case Bf16Weight one -> one.tensor();
            default -> null;
        };
    }

    /** Whether there is room for so many panels, which is taken then. */
    private boolean takes(CpuWeight weight, int panels, int depth) {
        long elements = (long) panels * weight.source().stride(depth);
        long bytes = elements * Integer.BYTES; // a float has as many
        if (bytes > left || elements > MOST_ELEMENTS) {
            return false;
        }
        left -= bytes;
        return true;
    }

    private PanelSet filled(PanelSource.Layout layout, int panels) {
        IntConsumer fill = layout.fill();
        workers.run(panels, (panel, worker) -> fill.accept(panel));
        return layout.panels();
    }
}
