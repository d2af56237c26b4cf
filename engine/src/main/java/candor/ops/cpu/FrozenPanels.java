package candor.ops.cpu;

import static candor.ops.cpu.TileShape.COLUMNS;

import candor.tensor.Tensor;
import java.util.IdentityHashMap;
import java.util.Map;

/**
 * Frozen weights laid out in panels once, instead of at each use: forward (wᵀ) and backward (w), each made when it is
 * first wanted. Panels are float32, so this costs up to twice the weights in memory; beyond the budget a weight is packed
 * at each use, which a large batch hardly notices.
 */
final class FrozenPanels {
    /** One weight's panels; null until they are wanted. */
    private static final class Entry {
        float[] forward;
        float[] backward;
    }

    /** About what an array holds. */
    private static final long MOST_FLOATS = Integer.MAX_VALUE - 8L;

    private final Workers workers;
    private final Map<Tensor, Entry> entries = new IdentityHashMap<>();
    private final Parallel.Task packForward = this::packForward;
    private final Parallel.Task packBackward = this::packBackward;
    private long left;

    // The weight in hand.
    private Tensor w;
    private float[] to;

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
     * what it multiplies with in the same go.
     */
    static int stride(int depth) {
        return Panels.floats(depth + PanelKernels.EXTRA);
    }

    /** The panels of wᵀ: for each {@link TileShape#COLUMNS} rows of w (O,I), I rows of the panel; or null. */
    float[] forward(Tensor weight) {
        Entry entry = entries.get(weight);
        if (entry != null && entry.forward == null) {
            entry.forward = pack(weight, Panels.count(weight.rows()), stride(weight.cols()), packForward);
        }
        return entry == null ? null : entry.forward;
    }

    /** The panels of w: for each {@link TileShape#COLUMNS} columns of w (O,I), O rows of the panel; or null. */
    float[] backward(Tensor weight) {
        Entry entry = entries.get(weight);
        if (entry != null && entry.backward == null) {
            entry.backward = pack(weight, Panels.count(weight.cols()), stride(weight.rows()), packBackward);
        }
        return entry == null ? null : entry.backward;
    }

    private float[] pack(Tensor weight, int panels, int panelFloats, Parallel.Task task) {
        long bytes = (long) panels * panelFloats * Float.BYTES;
        if (bytes > left || bytes / Float.BYTES > MOST_FLOATS) {
            return null;
        }
        left -= bytes;
        w = weight;
        to = new float[panels * panelFloats];
        workers.run(panels, task);
        return to;
    }

    private void packForward(int panel, int worker) {
        int row = panel * COLUMNS;
        int rows = Math.min(COLUMNS, w.rows() - row);
        Panels.transposed(to, panel * stride(w.cols()), w, row, 0, rows, w.cols(), 1f);
    }

    private void packBackward(int panel, int worker) {
        int col = panel * COLUMNS;
        int cols = Math.min(COLUMNS, w.cols() - col);
        Panels.natural(to, panel * stride(w.rows()), w, 0, w.rows(), col, cols, 1f);
    }
}
