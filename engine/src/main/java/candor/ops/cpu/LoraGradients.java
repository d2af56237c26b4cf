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
        int cols = Math.min(taskCols, job.x().cols() - col);
        int depth = depth(run);
        for (int row = run.start(); row < run.end(); row += depth) {
            int rows = Math.min(depth, run.end() - row);
            workers.gemm(worker)
                    .aTransposed(job.dt(), row, 0)
                    .bRows(job.x(), row, col)
                    .addTo(factors.da(), 0, col, factors.rank(), cols, rows);
        }
    }

    /** Rows at a time: where A is copied and B laid out first, so many that both stay in the second-level cache. */
    private int depth(Batch.Run run) {
        return workers.products.areNative() ? Math.max(1, run.end() - run.start()) : DEPTH;
    }

    /** The sums of this run's rows are computed aside, then added. */
    private void up(Batch.Run run, Lora.Factors factors, int col, int worker) {
        int cols = Math.min(taskCols, job.dy().cols() - col);
        if (workers.products.areNative()) {
            long stride = (long) factors.rank() * Float.BYTES;
            MemorySegment sums = workers.scratch(worker, cols * stride);
            workers.gemm(worker)
                    .aTransposed(job.dy(), run.start(), col)
                    .bRows(job.t(), run.start(), 0)
                    .into(sums, 0, stride, cols, factors.rank(), run.end() - run.start());
            for (int o = 0; o < cols; o++) {
                add(factors.db(), col + o, sums, o * stride, Float.BYTES, factors.rank());
            }
            return;
        }
        // The columns of dbᵀ (R,O) = tᵀ dy, where tiles of the vector loops are wide.
        int rank = factors.rank();
        long stride = (long) PANELS * COLUMNS * Float.BYTES;
        MemorySegment sums = workers.scratch(worker, rank * stride);
        for (int row = run.start(); row < run.end(); row += DEPTH) {
            int rows = Math.min(DEPTH, run.end() - row);
            Gemm gemm = workers.gemm(worker).aTransposed(job.t(), row, 0).bRows(job.dy(), row, col);
            if (row > run.start()) {
                gemm.init(sums, 0, stride);
            }
            gemm.into(sums, 0, stride, rank, cols, rows);
        }
        for (int o = 0; o < cols; o++) {
            add(factors.db(), col + o, sums, (long) o * Float.BYTES, stride, rank);
        }
    }

    /** Adds to a row what lies some bytes apart. */
    private static void add(Tensor to, int row, MemorySegment sums, long at, long step, int n) {
        MemorySegment data = to.data();
        long target = to.offset(row, 0);
        for (int r = 0; r < n; r++, target += Float.BYTES, at += step) {
            data.set(FLOAT, target, data.get(FLOAT, target) + sums.get(FLOAT, at));
        }
    }
}
