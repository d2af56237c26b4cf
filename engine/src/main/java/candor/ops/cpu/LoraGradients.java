package candor.ops.cpu;

import static candor.ops.cpu.TileKernels.COLUMNS;

import candor.ops.Batch;
import candor.ops.Lora;
import candor.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * da (R,I) += dtᵀ x and db (O,R) += dyᵀ t, each a sum over the rows of one slot in their order in the batch. Threads share
 * the columns of da and the rows of db.
 */
final class LoraGradients {
    private final Workers workers;
    private final Parallel.Task task = this::compute;

    // The operation in hand.
    private Tensor dt;
    private Tensor dy;
    private Tensor x;
    private Tensor t;
    private Lora lora;
    private List<Batch.Run> runs;
    private int downTasks;
    private int upTasks;

    LoraGradients(Workers workers) {
        this.workers = workers;
    }

    void add(Tensor dtIn, Tensor dyIn, Tensor xIn, Tensor tIn, Lora adapters, Batch batch) {
        dt = dtIn;
        dy = dyIn;
        x = xIn;
        t = tIn;
        lora = adapters;
        runs = batch.runs();
        downTasks = Panels.count(x.cols());
        upTasks = Math.ceilDiv(dy.cols(), Workers.BLOCK);
        workers.run(runs.size() * (downTasks + upTasks), task);
    }

    private void compute(int index, int worker) {
        Batch.Run run = runs.get(index / (downTasks + upTasks));
        Lora.Factors factors = lora.at(run.slot());
        if (factors == null || !factors.trained()) {
            return;
        }
        int part = index % (downTasks + upTasks);
        if (part < downTasks) {
            down(run, factors, part * COLUMNS, worker);
        } else {
            up(run, factors, (part - downTasks) * Workers.BLOCK, worker);
        }
    }

    private void down(Batch.Run run, Lora.Factors factors, int col, int worker) {
        int cols = Math.min(COLUMNS, x.cols() - col);
        MemorySegment b = x.data();
        long bo = x.offset(run.start(), col);
        long bs = x.stride() * Float.BYTES;
        if (cols < COLUMNS) { // a vector would read beyond the row
            b = workers.scratch(worker, Panels.bytes(run.rows()));
            Panels.natural(b, 0, x, run.start(), run.rows(), col, cols, 1f);
            bo = 0;
            bs = (long) COLUMNS * Float.BYTES;
        }
        workers.gemm(worker)
                .aTransposed(dt, run.start(), 0)
                .b(b, bo, bs, 0)
                .addTo(factors.da(), 0, col, factors.rank(), cols, run.rows());
    }

    private void up(Batch.Run run, Lora.Factors factors, int row, int worker) {
        int rank = factors.rank();
        MemorySegment b = t.data();
        long bo = t.offset(run.start(), 0);
        long bs = t.stride() * Float.BYTES;
        long panel = (long) COLUMNS * Float.BYTES;
        int padded = Math.ceilDiv(rank, TileKernels.LANES) * TileKernels.LANES;
        if (padded > t.cols()) { // vectors wider than the padding of t
            b = workers.scratch(worker, Panels.count(rank) * Panels.bytes(run.rows()));
            for (int p = 0; p < Panels.count(rank); p++) {
                int cols = Math.min(COLUMNS, rank - p * COLUMNS);
                Panels.natural(b, p * Panels.bytes(run.rows()), t, run.start(), run.rows(), p * COLUMNS, cols, 1f);
            }
            bo = 0;
            bs = panel;
            panel = Panels.bytes(run.rows());
        }
        Tensor db = factors.db();
        workers.gemm(worker)
                .aTransposed(dy, run.start(), row)
                .b(b, bo, bs, panel)
                .addTo(db, row, 0, Math.min(Workers.BLOCK, db.rows() - row), rank, run.rows());
    }
}
