package candor.ops.cpu;

import candor.ops.Batch;
import candor.ops.Lora;
import candor.ops.Write;
import candor.ops.op.Linear;
import candor.ops.op.LinearBackward;
import candor.ops.op.Logits;
import candor.ops.weight.Weight;
import candor.tensor.Tensor;
import java.util.List;

/**
 * C = I + A·B + (s·A·P)·Q, where P and Q depend on the slot of the row: a frozen linear layer with its adapters, in both
 * directions. Forward: A = x, B = wᵀ, P = aᵀ, Q = bᵀ. Backward: A = dy, B = w, P = b, Q = a.
 *
 * <p>The narrow product T = s·A·P of a block of rows is computed first; then every tile of C goes over B and, right after,
 * over Q. Where all rows are of one adapter of a small rank, that is one product: [A|T]·[B;Q], with Q behind B's panels
 * (or, where those are narrow, put behind them as they are widened).
 * Otherwise it is two, the second while the tile is still in the first-level cache. So C is written to memory once, and the
 * adapters add little more than their own multiplications.
 */
final class LowRankMatmul {
    /** From so many rows on, blocks are taller, so that a panel is read less often; there are still many. */
    private static final int LARGE = 1024;

    private final Workers workers;
    private final RowBlocks blocks = new RowBlocks();

    /** Those of the wide product. */
    private final RowBlocks wideBlocks = new RowBlocks();

    private final LowRankJob job;
    private final Parallel.Task packNarrow = this::packNarrow;
    private final Parallel.Task packBoth = this::packBoth;
    private final Parallel.Task multiplyNarrow = this::multiplyNarrow;
    private final Parallel.Task packWide = this::packWide;
    private final Parallel.Task multiplyWide = this::multiplyWide;
    private final Parallel.Task multiplyBoth = this::multiplyBoth;

    LowRankMatmul(Workers workers, FrozenPanels frozen) {
        this.workers = workers;
        job = new LowRankJob(workers, frozen);
    }

    /** y = bias or residual + x wᵀ + t bᵀ; where both are there, the bias is still to be added. */
    void forward(Linear o) {
        job.take(true, o.y(), o.t(), o.x(), o.w(), start(o), o.lora(), runs(o.lora(), o.batch()));
        run(o.batch());
    }

    private static Tensor start(Linear o) {
        return o.residual() != null ? o.residual() : o.bias();
    }

    /** logits = x headᵀ. */
    void logits(Logits o) {
        job.take(true, o.logits(), null, o.x(), o.head(), null, null, List.of());
        run(null);
    }

    /** dx = or += dy w + dt a; dt alone, where nobody wants dx. */
    void backward(LinearBackward o) {
        boolean wanted = o.dx() != null;
        if (wanted || o.lora() != null) {
            Tensor start = wanted && o.write() == Write.ADD ? o.dx() : null;
            Weight w = wanted ? o.w() : null;
            job.take(false, o.dx(), o.dt(), o.dy(), w, start, o.lora(), runs(o.lora(), o.batch()));
            run(o.batch());
        }
    }

    private static List<Batch.Run> runs(Lora lora, Batch batch) {
        return lora == null ? List.of() : batch.runs();
    }

    /** @param batch whose runs have slots; not read where there are no adapters */
    private void run(Batch batch) {
        int blockRows = job.a.rows() >= LARGE ? 2 * Workers.BLOCK : Workers.BLOCK;
        cut(blocks, batch, blockRows);
        if (job.c == null) {
            workers.run(job.narrowTasks, packNarrow);
            workers.run(blocks.count(), multiplyNarrow);
            return;
        }
        boolean narrow = !workers.products.areNative() && job.ready instanceof NarrowPanels;
        boolean tall = workers.products.areNative() || narrow;
        cut(wideBlocks, batch, tall ? tall(blockRows) : blockRows);
        // With few rows, threads share the columns instead.
        int chunks = Math.clamp((long) pieces(wideBlocks.rows(0)) / wideBlocks.count(), 1, job.group);
        boolean once = job.lora != null && job.group == job.all;
        boolean both = once && chunks == 1 && !narrow;
        if (job.lora != null && !once) {
            workers.run(job.narrowTasks, packNarrow);
            workers.run(blocks.count(), multiplyNarrow);
        }
        for (int first = 0; first < job.all; first += job.panels) {
            job.begin(first, chunks);
            chunks = job.chunks;
            if (once) {
                workers.run(job.narrowTasks + job.panels, packBoth);
                workers.run(both ? 0 : blocks.count(), multiplyNarrow);
            } else if (job.ready == null || job.lora != null) {
                workers.run(job.panels, packWide);
            }
            workers.run(wideBlocks.count() * chunks, both ? multiplyBoth : multiplyWide);
        }
    }

    /**
     * Rows of a block where panels are widened for each of them anew, or pass quicker than they are read, and rows copied for each chunk of
     * columns: as many as a task has columns, if there are so many, in blocks of about the same size.
     */
    private int tall(int least) {
        int rows = job.a.rows();
        long task = (long) rows * job.c.cols() / Shares.count(workers.threads());
        int most = Math.clamp((long) Math.sqrt(task), least, Workers.TALL);
        int tiles = most / TileShape.ROWS;
        int all = Math.ceilDiv(rows, TileShape.ROWS);
        return Math.ceilDiv(all, Math.ceilDiv(all, tiles)) * TileShape.ROWS;
    }

    /** How many pieces of work there are at least: fewer, where rows are copied for each anew, since the depth is more than a copy holds. */
    private int pieces(int rows) {
        boolean copiedOnce = !workers.products.areNative() || rows <= workers.products.mostRows(job.a.cols());
        return copiedOnce ? Shares.count(workers.threads()) : 2 * workers.threads();
    }

    private void cut(RowBlocks into, Batch batch, int rows) {
        if (job.lora == null) {
            into.cut(job.a.rows(), rows); // the weight is read as seldom as if all had one slot
        } else {
            into.cut(batch, rows);
        }
    }

    private void packNarrow(int index, int worker) {
        job.packNarrow(index);
    }

    private void packWide(int index, int worker) {
        job.packWide(index);
    }

    private void packBoth(int index, int worker) {
        if (index < job.narrowTasks) {
            job.packNarrow(index);
        } else {
            job.packWide(index - job.narrowTasks);
        }
    }

    private void multiplyNarrow(int block, int worker) {
        Gemm gemm = workers.gemm(worker).a(job.a, blocks.start(block), 0);
        job.multiplyNarrow(gemm, blocks.run(block), blocks.start(block), blocks.rows(block));
    }

    /** T and C of the same rows, while A is at hand. */
    private void multiplyBoth(int block, int worker) {
        Gemm gemm = workers.gemm(worker).a(job.a, wideBlocks.start(block), 0);
        job.multiplyNarrow(gemm, wideBlocks.run(block), wideBlocks.start(block), wideBlocks.rows(block));
        multiplyWide(gemm, block, 0, job.panels);
    }

    private void multiplyWide(int index, int worker) {
        int block = index / job.chunks;
        Gemm gemm = workers.gemm(worker).a(job.a, wideBlocks.start(block), 0, workers.key(block));
        multiplyWide(gemm, block, chunk(index % job.chunks), chunk(index % job.chunks + 1));
    }

    private void multiplyWide(Gemm gemm, int block, int panel, int end) {
        if (panel < end) {
            job.multiplyWide(gemm, wideBlocks.run(block), wideBlocks.start(block), wideBlocks.rows(block), panel, end);
        }
    }

    /** The first panel of a chunk. With several blocks of rows all are of the same size, but for one panel. */
    private int chunk(int chunk) {
        return job.chunks == Shares.count(workers.threads())
                ? Shares.first(job.panels, chunk, workers.threads())
                : (int) ((long) job.panels * chunk / job.chunks);
    }
}
