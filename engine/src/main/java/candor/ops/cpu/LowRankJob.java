package candor.ops.cpu;

import static candor.ops.cpu.TileShape.COLUMNS;

import candor.BadInput;
import candor.ops.Batch;
import candor.ops.Lora;
import candor.ops.weight.Weight;
import candor.tensor.Tensor;
import java.util.List;

/**
 * The product that {@link LowRankMatmul} has in hand: its operands, how they are laid out, and the pieces of work that threads take
 * of it. One object takes up product after product, so that a step, which has hundreds of them, allocates none.
 */
final class LowRankJob {
    /** Bytes of packed B at a time: a share of the last-level cache. */
    static final long GROUP_BYTES = 8L << 20;

    private final Workers workers;
    private final FrozenPanels frozen;

    // The operands.
    private boolean forward;

    /** (N, O) or (N, I); null where only T is wanted. */
    Tensor c;

    private Tensor t;
    Tensor a;
    private Weight w;

    /** A tensor of C's shape, or one row that is repeated (a bias), or null. */
    private Tensor init;

    private boolean initIsRow;
    Lora lora;
    private List<Batch.Run> runs;
    private int depth;

    /** Of B: as of P, or 0 where there is no B. */
    private int wideDepth;

    private int columns;

    /** Panels of B. */
    int all;

    // How they are laid out.
    int narrowTasks;
    int group;
    PanelSet ready;
    private PanelSource source;
    private float[] packed;

    /** B in panels of float32, unless they are narrow. */
    private float[] wide;

    private int narrowAt;
    private int narrowFloats;
    private int upAt;
    private int upFloats;
    private int stride;
    private boolean joined;

    /** Whether Q lies behind the panels of B. */
    private boolean behind;

    // The panels in hand.
    private int firstPanel;
    int panels;
    int chunks;

    LowRankJob(Workers workers, FrozenPanels frozen) {
        this.workers = workers;
        this.frozen = frozen;
    }

    /**
     * Takes up a product.
     *
     * @param w    null where there is no B
     * @param runs none where there are no adapters
     */
    void take(boolean forward, Tensor c, Tensor t, Tensor a, Weight w, Tensor init, Lora lora, List<Batch.Run> runs) {
        this.forward = forward;
        this.c = c;
        this.t = t;
        this.a = a;
        this.w = w;
        this.init = init;
        initIsRow = init != null && init.rows() == 1 && a.rows() != 1;
        this.lora = lora;
        this.runs = runs;
        depth = a.cols();
        wideDepth = w == null ? 0 : depth;
        columns = c == null ? 1 : c.cols();
        all = Panels.count(columns);
        narrowTasks = lora == null ? 0 : runs.size() * Panels.count(lora.paddedRank());
        layOut();
    }

    /** Decides where everything lies that is packed. */
    private void layOut() {
        ready = w == null ? null : forward ? frozen.forward(w) : frozen.backward(w);
        source = w == null || ready != null ? null : PanelSource.of(w, workers.panels);
        group = ready != null
                ? all
                : Math.clamp(
                        GROUP_BYTES / (Float.BYTES * (long) workers.panels.floats(wideDepth + PanelKernels.EXTRA)),
                        1,
                        all);
        joined = lora != null
                && w != null
                && runs.size() == 1
                && factors(0) != null
                && factors(0).rank() <= PanelKernels.EXTRA;
        behind = joined && (ready == null || ready instanceof FloatPanels);
        stride = ready != null
                ? ready.stride()
                : workers.panels.floats(wideDepth)
                        + (joined ? workers.panels.floats(factors(0).rank()) : 0);
        upAt = ready != null ? 0 : group * stride;
        upFloats = lora == null || behind ? 0 : group * workers.panels.floats(lora.paddedRank());
        narrowFloats = lora == null ? 0 : Panels.count(lora.paddedRank()) * workers.panels.floats(depth);
        requireArray(upAt, runs.size(), (long) upFloats + narrowFloats);
        narrowAt = upAt + runs.size() * upFloats;
        packed = workers.shared(narrowAt + runs.size() * narrowFloats);
        wide = ready instanceof FloatPanels floats ? floats.floats() : packed;
    }

    /** Goes on to a group of panels, in so many chunks at most. */
    void begin(int first, int most) {
        firstPanel = first;
        panels = Math.min(group, all - first);
        chunks = Math.min(most, panels);
    }

    /**
     * The factors of all adapters of a pass lie in one array.
     *
     * @throws BadInput where there are so many that no array holds them
     */
    static void requireArray(long before, int adapters, long floats) {
        if (before + adapters * floats > Workers.MOST_FLOATS) {
            throw new BadInput(
                    adapters + " adapters of this size are too many for one pass, which takes "
                            + (Workers.MOST_FLOATS - before) / floats + " at most",
                    "lower {batch_size}, or take fewer adapters at once");
        }
    }

    private Lora.Factors factors(int run) {
        return lora == null ? null : lora.at(runs.get(run).slot());
    }

    /** P of one run: aᵀ (I,R) forward, b (O,R) backward, times s, its columns padded with zeros. */
    void packNarrow(int index) {
        int count = Panels.count(lora.paddedRank());
        int run = index / count;
        int panel = index % count;
        Lora.Factors factors = factors(run);
        if (factors == null) {
            return;
        }
        int at = narrowAt + run * narrowFloats + panel * workers.panels.floats(depth);
        int from = panel * COLUMNS;
        int cols = Math.clamp(factors.rank() - (long) from, 0, COLUMNS);
        if (forward) {
            workers.panels.transposed(
                    packed, at, factors.a(), Math.min(from, factors.rank()), 0, cols, depth, factors.scale());
        } else {
            workers.panels.natural(
                    packed, at, factors.b(), 0, depth, Math.min(from, factors.rank()), cols, factors.scale());
        }
    }

    /** T of a block of rows of one run; the gemm knows A. */
    void multiplyNarrow(Gemm gemm, int run, int row, int rows) {
        if (factors(run) != null) {
            gemm.b(packed, narrowAt + run * narrowFloats, workers.panels.floats(depth))
                    .into(t, row, 0, rows, lora.paddedRank(), depth);
        }
    }

    /** One panel of B, and the matching panel of Q of every run: bᵀ (R,O) forward, a (R,I) backward. */
    void packWide(int index) {
        int from = (firstPanel + index) * COLUMNS;
        int cols = Math.min(COLUMNS, columns - from);
        if (source != null) {
            if (forward) {
                source.transposed(packed, index * stride, from, cols);
            } else {
                source.natural(packed, index * stride, 0, depth, from, cols);
            }
        }
        for (int run = 0; run < runs.size(); run++) {
            Lora.Factors factors = factors(run);
            if (factors == null) {
                continue;
            }
            float[] to = behind ? wide : packed;
            int at = behind
                    ? index * stride + workers.panels.floats(wideDepth)
                    : upAt + run * upFloats + index * workers.panels.floats(factors.rank());
            if (forward) {
                workers.panels.transposed(to, at, factors.b(), from, 0, cols, factors.rank(), 1f);
            } else {
                workers.panels.natural(to, at, factors.a(), 0, factors.rank(), from, cols, 1f);
            }
        }
    }

    /** C of a block of rows of one run, from one panel to another; the gemm knows A. */
    void multiplyWide(Gemm gemm, int run, int row, int rows, int panel, int end) {
        int col = (firstPanel + panel) * COLUMNS;
        Lora.Factors factors = factors(run);
        if (ready != null) {
            gemm.b(ready, panel, 0);
        } else {
            gemm.b(wide, panel * stride, stride);
        }
        if (init != null) {
            gemm.init(init.data(), init.offset(initIsRow ? 0 : row, col), initIsRow ? 0 : init.stride() * Float.BYTES);
        }
        if (behind) {
            gemm.joined(t, row, 0, factors.rank());
        } else if (factors != null) {
            int each = workers.panels.floats(factors.rank());
            int at = upAt + run * upFloats + panel * each;
            if (joined) {
                gemm.joined(t, row, 0, packed, at, each, factors.rank());
            } else {
                gemm.second(t, row, 0, packed, at, each, factors.rank());
            }
        }
        int cols = Math.min((firstPanel + end) * COLUMNS, columns) - col;
        gemm.into(c, row, col, rows, cols, wideDepth);
    }
}
