package candor.ops.cpu;

import static candor.ops.cpu.TileShape.COLUMNS;

import candor.tensor.DType;
import candor.tensor.Tensor;
import java.util.IdentityHashMap;
import java.util.Map;

/**
 * Frozen weights laid out in panels once, instead of at each use: forward (wᵀ) and backward (w), each made when it is
 * first wanted. Panels of bf16 weights are bf16 ({@link Bf16Pairs}), others float32; both directions together take twice the
 * weight's memory, of an f16 weight four times. Beyond the budget a weight is packed at each use, which a large batch hardly
 * notices.
 */
final class FrozenPanels {
    /** One weight's panels; null until they are wanted. */
    private static final class Entry {
        PanelSet forward;
        PanelSet backward;
    }

    /** About what an array holds. */
    private static final long MOST_ELEMENTS = Integer.MAX_VALUE - 8L;

    private final Workers workers;
    private final Map<Tensor, Entry> entries = new IdentityHashMap<>();
    private final Parallel.Task packForward = this::packForward;
    private final Parallel.Task packBackward = this::packBackward;
    private long left;

    // The weight in hand.
    private Tensor w;
    private PanelSet to;

    /** @param budget bytes of panels, at most */
    FrozenPanels(Workers workers, long budget) {
        this.workers = workers;
        left = budget;
    }

    /** From now on the values of this very tensor do not change. */
    void register(Tensor weight) {
        entries.putIfAbsent(weight, new Entry());
    }

    /**
     * Floats from one panel to the next. Behind each there is room for {@link PanelKernels#EXTRA} rows, where an operation may put
     * what it multiplies with in the same go. Pairs have no such room.
     */
    static int stride(int depth) {
        return Panels.floats(depth + PanelKernels.EXTRA);
    }

    /** The panels of wᵀ: for each {@link TileShape#COLUMNS} rows of w (O,I), I rows of the panel; or null. */
    PanelSet forward(Tensor weight) {
        Entry entry = entries.get(weight);
        if (entry != null && entry.forward == null) {
            entry.forward = pack(weight, Panels.count(weight.rows()), weight.cols(), packForward);
        }
        return entry == null ? null : entry.forward;
    }

    /** The panels of w: for each {@link TileShape#COLUMNS} columns of w (O,I), O rows of the panel; or null. */
    PanelSet backward(Tensor weight) {
        Entry entry = entries.get(weight);
        if (entry != null && entry.backward == null) {
            entry.backward = pack(weight, Panels.count(weight.cols()), weight.rows(), packBackward);
        }
        return entry == null ? null : entry.backward;
    }

    private PanelSet pack(Tensor weight, int panels, int depth, Parallel.Task task) {
        boolean paired = weight.dtype() == DType.BF16;
        int each = paired ? Bf16Pairs.ints(depth) : stride(depth);
        long elements = (long) panels * each;
        long bytes = elements * Integer.BYTES; // a float has as many
        if (bytes > left || elements > MOST_ELEMENTS) {
            return null;
        }
        left -= bytes;
        w = weight;
        to = paired
                ? new PanelSet(null, new int[(int) elements], each)
                : new PanelSet(new float[(int) elements], null, each);
        workers.run(panels, task);
        return to;
    }

    private void packForward(int panel, int worker) {
        int row = panel * COLUMNS;
        int rows = Math.min(COLUMNS, w.rows() - row);
        if (to.paired()) {
            Bf16Pairs.transposed(to.pairs(), panel * to.stride(), w, row, rows);
        } else {
            Panels.transposed(to.floats(), panel * to.stride(), w, row, 0, rows, w.cols(), 1f);
        }
    }

    private void packBackward(int panel, int worker) {
        int col = panel * COLUMNS;
        int cols = Math.min(COLUMNS, w.cols() - col);
        if (to.paired()) {
            Bf16Pairs.natural(to.pairs(), panel * to.stride(), w, col, cols);
        } else {
            Panels.natural(to.floats(), panel * to.stride(), w, 0, w.rows(), col, cols, 1f);
        }
    }
}
