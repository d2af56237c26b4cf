package candor.ops.cpu;

import static candor.ops.cpu.TileShape.COLUMNS;
import static candor.ops.cpu.TileShape.FLOAT;

import candor.ops.Batch;
import candor.ops.Lora;
import candor.ops.op.LinearBackward;
import candor.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/**
 * da (R,I) += dtᵀ x and db (O,R) += dyᵀ t, each a sum over the rows of one slot in their order in the batch. Threads share
 * the columns of x and of dy, some panels of them a task, which packs them, so many rows at a time.
 */
final class LoraGradients {
    /** Panels of a task, at most: for so many products A is copied once. */
    static final int PANELS = 8;

    /** Rows at a time: their panels and the copy of A stay in the second-level cache. */
    private static final int DEPTH = PanelKernels.DEPTH;

    private final Workers workers;
    private final Parallel.Task task = this::compute;

    /** The operation in hand. */
    private LinearBackward job;

    private int taskCols;
    private int downTasks;
    private int upTasks;

    LoraGradients(Workers workers) {
        this.workers = workers;
    }

    void add(LinearBackward o) {
        job = o;
        int panels = Panels.count(o.x().cols()) + Panels.count(o.dy().cols());
        taskCols = Math.clamp(panels / (2L * workers.threads()), 1, PANELS) * COLUMNS;
        downTasks = Math.ceilDiv(o.x().cols(), taskCols);
        upTasks = Math.ceilDiv(o.dy().cols(), taskCols);
        workers.run(o.batch().runs().size() * (downTasks + upTasks), task);
    }

    private void compute(int index, int worker) {
        Batch.Run run = job.batch().runs().get(index / (downTasks + upTasks));
        Lora.Factors factors = job.lora().at(run.slot());
        if (factors == null || !factors.trained()) {
            return;
        }
        int part = index % (downTasks + upTasks);
        if (part < downTasks) {
            down(run, factors, part * taskCols, worker);
        } else {
            up(run, factors, (part - downTasks) * taskCols, worker);
        }
    }

    private void down(Batch.Run run, Lora.Factors factors, int col, int worker) {
        Tensor x = job.x();
        int cols = Math.min(taskCols, x.cols() - col);
        float[] packed = workers.floats(worker, PANELS * workers.panels.floats(DEPTH));
        for (int row = run.start(); row < run.end(); row += DEPTH) {
            int rows = Math.min(DEPTH, run.end() - row);
            pack(packed, x, row, rows, col, cols);
            workers.gemm(worker)
                    .aTransposed(job.dt(), row, 0)
                    .b(packed, 0, workers.panels.floats(rows))
                    .addTo(factors.da(), 0, col, factors.rank(), cols, rows);
        }
    }

    /** The columns of dbᵀ (R,O) = tᵀ dy are computed aside, where tiles are wide, and added to db the other way round. */
    private void up(Batch.Run run, Lora.Factors factors, int col, int worker) {
        int rank = factors.rank();
        Tensor dy = job.dy();
        int cols = Math.min(taskCols, dy.cols() - col);
        long stride = (long) PANELS * COLUMNS * Float.BYTES;
        MemorySegment sums = workers.scratch(worker, rank * stride);
        float[] packed = workers.floats(worker, PANELS * workers.panels.floats(DEPTH));
        for (int row = run.start(); row < run.end(); row += DEPTH) {
            int rows = Math.min(DEPTH, run.end() - row);
            pack(packed, dy, row, rows, col, cols);
            Gemm gemm = workers.gemm(worker).aTransposed(job.t(), row, 0).b(packed, 0, workers.panels.floats(rows));
            if (row > run.start()) {
                gemm.init(sums, 0, stride);
            }
            gemm.into(sums, 0, stride, rank, cols, rows);
        }
        Tensor db = factors.db();
        for (int o = 0; o < cols; o++) {
            for (int r = 0; r < rank; r++) {
                long at = db.offset(col + o, r);
                float sum = sums.get(FLOAT, r * stride + (long) o * Float.BYTES);
                db.data().set(FLOAT, at, db.data().get(FLOAT, at) + sum);
            }
        }
    }

    private void pack(float[] packed, Tensor from, int row, int rows, int col, int cols) {
        for (int j = 0; j < cols; j += COLUMNS) {
            int at = j / COLUMNS * workers.panels.floats(rows);
            workers.panels.natural(packed, at, from, row, rows, col + j, Math.min(COLUMNS, cols - j), 1f);
        }
    }
}
