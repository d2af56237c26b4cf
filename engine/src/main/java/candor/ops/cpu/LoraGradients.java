package candor.ops.cpu;

import static candor.ops.cpu.TileKernels.COLUMNS;
import static candor.ops.cpu.TileKernels.FLOAT;

import candor.ops.Batch;
import candor.ops.Lora;
import candor.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * da (R,I) += dtᵀ x and db (O,R) += dyᵀ t, each a sum over the rows of one slot in their order in the batch. Threads share
 * the columns of x and of dy.
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
        upTasks = Panels.count(dy.cols());
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
            up(run, factors, (part - downTasks) * COLUMNS, worker);
        }
    }

    private void down(Batch.Run run, Lora.Factors factors, int col, int worker) {
        int cols = Math.min(COLUMNS, x.cols() - col);
        MemorySegment scratch = workers.scratch(worker, cols < COLUMNS ? Panels.bytes(run.rows()) : 0);
        columns(workers.gemm(worker).aTransposed(dt, run.start(), 0), x, run, col, cols, scratch)
                .addTo(factors.da(), 0, col, factors.rank(), cols, run.rows());
    }

    /** The columns of dbᵀ (R,O) = tᵀ dy are computed aside, where tiles are wide, and added to db the other way round. */
    private void up(Batch.Run run, Lora.Factors factors, int col, int worker) {
        int rank = factors.rank();
        int cols = Math.min(COLUMNS, dy.cols() - col);
        long row = (long) COLUMNS * Float.BYTES;
        long sumAt = cols < COLUMNS ? Panels.bytes(run.rows()) : 0;
        MemorySegment scratch = workers.scratch(worker, sumAt + rank * row);
        Gemm gemm = workers.gemm(worker).aTransposed(t, run.start(), 0);
        columns(gemm, dy, run, col, cols, scratch).into(scratch, sumAt, row, rank, cols, run.rows());
        Tensor db = factors.db();
        for (int o = 0; o < cols; o++) {
            for (int r = 0; r < rank; r++) {
                long at = db.offset(col + o, r);
                float sum = scratch.get(FLOAT, sumAt + r * row + (long) o * Float.BYTES);
                db.data().set(FLOAT, at, db.data().get(FLOAT, at) + sum);
            }
        }
    }

    /** B: some columns of a run's rows, as they lie, or packed where whole vectors would read beyond the row. */
    private static Gemm columns(Gemm gemm, Tensor x, Batch.Run run, int col, int cols, MemorySegment scratch) {
        if (cols == COLUMNS) {
            return gemm.b(x.data(), x.offset(run.start(), col), x.stride() * Float.BYTES, 0);
        }
        Panels.natural(scratch, 0, x, run.start(), run.rows(), col, cols, 1f);
        return gemm.b(scratch, 0, 0);
    }
}
