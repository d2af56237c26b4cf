package candor.ops.cpu;

import static candor.ops.cpu.TileShape.COLUMNS;

import candor.BadInput;
import candor.ops.Batch;
import candor.ops.Lora;
import candor.tensor.Tensor;
import java.util.List;

/**
 * C = I + A·B + (s·A·P)·Q, where P and Q depend on the slot of the row: a frozen linear layer with its adapters, in both
 * directions. Forward: A = x, B = wᵀ, P = aᵀ, Q = bᵀ. Backward: A = dy, B = w, P = b, Q = a.
 *
 * <p>The narrow product T = s·A·P of a block of rows is computed first; then every tile of C goes over B and, right after,
 * over Q. Where all rows are of one adapter of a small rank, that is one product: [A|T]·[B;Q], with Q behind B's panels
 * (or, where those are pairs of bf16, put behind them as they are widened).
 * Otherwise it is two, the second while the tile is still in the first-level cache. So C is written to memory once, and the
 * adapters add little more than their own multiplications.
 */
final class LowRankMatmul {
    /** Bytes of packed B at a time: a share of the last-level cache. */
    static final long GROUP_BYTES = 8L << 20;

    /** From so many rows on, blocks are taller, so that a panel is read less often; there are still many. */
    private static final int LARGE = 1024;

    private final Workers workers;
    private final RowBlocks blocks = new RowBlocks();
    private final FrozenPanels frozen;
    private final Parallel.Task packNarrow = this::packNarrow;
    private final Parallel.Task packBoth = this::packBoth;
    private final Parallel.Task multiplyNarrow = this::multiplyNarrow;
    private final Parallel.Task packWide = this::packWide;
    private final Parallel.Task multiplyWide = this::multiplyWide;
    private final Parallel.Task multiplyBoth = this::multiplyBoth;

    // The operation in hand.
    private boolean forward;
    private Tensor c;
    private Tensor t;
    private Tensor a;
    private Tensor w;
    private Tensor init;
    private boolean initIsRow;
    private Lora lora;
    private List<Batch.Run> runs;
    private int depth;

    /** Of B: as of P, or 0 where there is no B. */
    private int wideDepth;

    private int columns;
    private int firstPanel;
    private int panels;
    private int chunks;
    private int narrowTasks;
    private float[] packed;
    private PanelSet ready;
    private float[] wide;
    private int narrowAt;
    private int narrowFloats;
    private int upAt;
    private int upFloats;
    private int stride;
    private boolean joined;

    /** Whether Q lies behind the panels of B. */
    private boolean behind;

    LowRankMatmul(Workers workers, FrozenPanels frozen) {
        this.workers = workers;
        this.frozen = frozen;
    }

    /**
     * y = init + x wᵀ + t bᵀ; without w, init + t bᵀ.
     *
     * @param init  a tensor of y's shape, or one row that is repeated (a bias), or null
     * @param batch only asked where there are adapters
     */
    void forward(Tensor y, Tensor t, Tensor x, Tensor w, Tensor init, Lora lora, Batch batch) {
        forward = true;
        run(y, t, x, w, init, lora, batch, x.cols(), y.cols());
    }

    /** dx = init + dy w + dt a; without w, init + dt a. */
    void backward(Tensor dx, Tensor dt, Tensor dy, Tensor w, Tensor init, Lora lora, Batch batch) {
        forward = false;
        run(dx, dt, dy, w, init, lora, batch, dy.cols(), dx.cols());
    }

    /** dt alone, where nobody wants dx. */
    void backwardNarrow(Tensor dt, Tensor dy, Lora lora, Batch batch) {
        forward = false;
        run(null, dt, dy, null, null, lora, batch, dy.cols(), 1);
    }

    private void run(
            Tensor output,
            Tensor narrow,
            Tensor input,
            Tensor weight,
            Tensor start,
            Lora adapters,
            Batch batch,
            int inner,
            int outer) {
        c = output;
        t = narrow;
        a = input;
        w = weight;
        init = start;
        initIsRow = start != null && start.rows() == 1 && input.rows() != 1;
        lora = adapters;
        runs = lora == null ? List.of() : batch.runs();
        depth = inner;
        wideDepth = w == null ? 0 : inner;
        columns = outer;
        int blockRows = input.rows() >= LARGE ? 2 * Workers.BLOCK : Workers.BLOCK;
        if (lora == null) {
            blocks.cut(input.rows(), blockRows); // the weight is read as seldom as if all had one slot
        } else {
            blocks.cut(batch, blockRows);
        }

        int all = Panels.count(columns);
        ready = c == null || w == null ? null : forward ? frozen.forward(w) : frozen.backward(w);
        int group = ready != null
                ? all
                : Math.clamp(
                        GROUP_BYTES / (Float.BYTES * (long) Panels.floats(wideDepth + PanelKernels.EXTRA)), 1, all);
        joined = lora != null
                && w != null
                && runs.size() == 1
                && factors(0) != null
                && factors(0).rank() <= PanelKernels.EXTRA;
        behind = joined && (ready == null || !ready.paired());
        stride = ready != null
                ? ready.stride()
                : Panels.floats(wideDepth + (joined ? factors(0).rank() : 0));
        upAt = ready != null ? 0 : group * stride;
        upFloats = lora == null || behind ? 0 : group * Panels.floats(lora.paddedRank());
        narrowFloats = lora == null ? 0 : Panels.count(lora.paddedRank()) * Panels.floats(depth);
        requireArray(upAt, runs.size(), (long) upFloats + narrowFloats);
        narrowAt = upAt + runs.size() * upFloats;
        packed = workers.shared(narrowAt + runs.size() * narrowFloats);
        wide = ready != null ? ready.floats() : packed; // null where B is in pairs, behind which nothing lies

        narrowTasks = lora == null ? 0 : runs.size() * Panels.count(lora.paddedRank());
        if (c == null) {
            workers.run(narrowTasks, packNarrow);
            workers.run(blocks.count(), multiplyNarrow);
            return;
        }
        // With few rows, threads share the columns instead.
        chunks = Math.clamp((long) Shares.count(workers.threads()) / blocks.count(), 1, group);
        boolean once = lora != null && group == all;
        boolean both = once && chunks == 1;
        if (lora != null && !once) {
            workers.run(narrowTasks, packNarrow);
            workers.run(blocks.count(), multiplyNarrow);
        }
        for (firstPanel = 0; firstPanel < all; firstPanel += panels) {
            panels = Math.min(group, all - firstPanel);
            chunks = Math.min(chunks, panels);
            if (once) {
                workers.run(narrowTasks + panels, packBoth);
                workers.run(both ? 0 : blocks.count(), multiplyNarrow);
            } else if (ready == null || lora != null) {
                workers.run(panels, packWide);
            }
            workers.run(blocks.count() * chunks, both ? multiplyBoth : multiplyWide);
        }
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
    private void packNarrow(int index, int worker) {
        int count = Panels.count(lora.paddedRank());
        int run = index / count;
        int panel = index % count;
        Lora.Factors factors = factors(run);
        if (factors == null) {
            return;
        }
        int at = narrowAt + run * narrowFloats + panel * Panels.floats(depth);
        int from = panel * COLUMNS;
        int cols = Math.clamp(factors.rank() - (long) from, 0, COLUMNS);
        if (forward) {
            Panels.transposed(packed, at, factors.a(), Math.min(from, factors.rank()), 0, cols, depth, factors.scale());
        } else {
            Panels.natural(packed, at, factors.b(), 0, depth, Math.min(from, factors.rank()), cols, factors.scale());
        }
    }

    private void multiplyNarrow(int block, int worker) {
        multiplyNarrow(workers.gemm(worker).a(a, blocks.start(block), 0), block);
    }

    private void multiplyNarrow(Gemm gemm, int block) {
        int run = blocks.run(block);
        if (factors(run) != null) {
            gemm.b(packed, narrowAt + run * narrowFloats, Panels.floats(depth))
                    .into(t, blocks.start(block), 0, blocks.rows(block), lora.paddedRank(), depth);
        }
    }

    /** One panel of B, and the matching panel of Q of every run: bᵀ (R,O) forward, a (R,I) backward. */
    private void packWide(int index, int worker) {
        int from = (firstPanel + index) * COLUMNS;
        int cols = Math.min(COLUMNS, columns - from);
        if (ready == null && w != null) {
            if (forward) {
                Panels.transposed(packed, index * stride, w, from, 0, cols, depth, 1f);
            } else {
                Panels.natural(packed, index * stride, w, 0, depth, from, cols, 1f);
            }
        }
        for (int run = 0; run < runs.size(); run++) {
            Lora.Factors factors = factors(run);
            if (factors == null) {
                continue;
            }
            float[] to = behind ? wide : packed;
            int at = behind
                    ? index * stride + Panels.floats(wideDepth)
                    : upAt + run * upFloats + index * Panels.floats(factors.rank());
            if (forward) {
                Panels.transposed(to, at, factors.b(), from, 0, cols, factors.rank(), 1f);
            } else {
                Panels.natural(to, at, factors.a(), 0, factors.rank(), from, cols, 1f);
            }
        }
    }

    private void packBoth(int index, int worker) {
        if (index < narrowTasks) {
            packNarrow(index, worker);
        } else {
            packWide(index - narrowTasks, worker);
        }
    }

    /** T and C of the same rows, while A is at hand. */
    private void multiplyBoth(int block, int worker) {
        Gemm gemm = workers.gemm(worker).a(a, blocks.start(block), 0);
        multiplyNarrow(gemm, block);
        multiplyWide(gemm, block, 0, panels);
    }

    private void multiplyWide(int index, int worker) {
        int block = index / chunks;
        Gemm gemm = workers.gemm(worker).a(a, blocks.start(block), 0, workers.key(block));
        multiplyWide(gemm, block, chunk(index % chunks), chunk(index % chunks + 1));
    }

    /** The first panel of a chunk. With several blocks of rows all are of the same size, but for one panel. */
    private int chunk(int chunk) {
        return chunks == Shares.count(workers.threads())
                ? Shares.first(panels, chunk, workers.threads())
                : (int) ((long) panels * chunk / chunks);
    }

    private void multiplyWide(Gemm gemm, int block, int panel, int end) {
        if (panel == end) {
            return;
        }
        int row = blocks.start(block);
        int col = (firstPanel + panel) * COLUMNS;
        Lora.Factors factors = factors(blocks.run(block));
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
            int each = Panels.floats(factors.rank());
            int at = upAt + blocks.run(block) * upFloats + panel * each;
            if (joined) {
                gemm.joined(t, row, 0, packed, at, each, factors.rank());
            } else {
                gemm.second(t, row, 0, packed, at, each, factors.rank());
            }
        }
        int cols = Math.min((firstPanel + end) * COLUMNS, columns) - col;
        gemm.into(c, row, col, blocks.rows(block), cols, wideDepth);
    }
}
