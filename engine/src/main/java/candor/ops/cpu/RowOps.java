package candor.ops.cpu;

import static candor.ops.cpu.TileShape.FLOAT;

import candor.ops.op.Embed;
import candor.ops.op.GatherTargets;
import candor.ops.op.ScatterTargets;
import candor.ops.op.Zero;
import candor.ops.weight.StoredWeight;
import candor.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/** Operations that only move or clear rows; threads share the rows. */
final class RowOps {
    private final Workers workers;
    private final Workers.Rows embed = this::embedRows;
    private final Workers.Rows gather = this::gatherRows;
    private final Workers.Rows scatter = this::scatterRows;
    private final Workers.Rows zero = this::zeroRows;
    private final Workers.Rows addRow = this::addRows;

    // The operation in hand.
    private Embed embedded;
    private StoredWeight table;
    private GatherTargets gathered;
    private ScatterTargets scattered;
    private Tensor cleared;
    private Tensor sum;
    private Tensor addend;

    RowOps(Workers workers) {
        this.workers = workers;
    }

    void run(Embed op) {
        embedded = op;
        table = op.table() instanceof CpuWeight own ? own.stored() : StoredWeight.of(op.table());
        workers.rows(op.x().rows(), op.x().cols(), embed);
    }

    void run(GatherTargets op) {
        gathered = op;
        workers.rows(op.batch().targetCount(), op.y().cols(), gather);
    }

    void run(ScatterTargets op) {
        scattered = op;
        clear(op.dx());
        workers.rows(op.batch().targetCount(), op.dx().cols(), scatter);
    }

    void run(Zero op) {
        clear(op.y());
    }

    private void clear(Tensor y) {
        cleared = y;
        workers.rows(y.rows(), y.cols(), zero);
    }

    /** y (N,O) += row (1,O). */
    void addRow(Tensor y, Tensor row) {
        sum = y;
        addend = row;
        workers.rows(y.rows(), y.cols(), addRow);
    }

    private void embedRows(int from, int end, int worker) {
        Tensor x = embedded.x();
        float[] values = workers.floats(worker, x.cols());
        for (int row = from; row < end; row++) {
            table.widen(values, 0, embedded.batch().token(row), 0, x.cols());
            MemorySegment.copy(values, 0, x.data(), FLOAT, x.offset(row, 0), x.cols());
        }
    }

    private void gatherRows(int from, int end, int worker) {
        Tensor y = gathered.y();
        Tensor x = gathered.x();
        for (int i = from; i < end; i++) {
            copy(y.data(), y.offset(i, 0), x, x.offset(gathered.batch().targetRow(i), 0), y.cols());
        }
    }

    private void scatterRows(int from, int end, int worker) {
        Tensor dx = scattered.dx();
        Tensor dy = scattered.dy();
        for (int i = from; i < end; i++) {
            long row = dx.offset(scattered.batch().targetRow(i), 0);
            copy(dx.data(), row, dy, dy.offset(i, 0), dx.cols());
        }
    }

    private void zeroRows(int from, int end, int worker) {
        Tensor y = cleared;
        for (int row = from; row < end; row++) {
            long at = y.offset(row, 0);
            for (int j = 0; j < y.cols(); j++) {
                y.data().set(FLOAT, at + 4L * j, 0f);
            }
        }
    }

    private void addRows(int from, int end, int worker) {
        Tensor y = sum;
        MemorySegment row = addend.data();
        long added = addend.offset(0, 0);
        for (int n = from; n < end; n++) {
            long at = y.offset(n, 0);
            for (int j = 0; j < y.cols(); j++) {
                float value = y.data().get(FLOAT, at + 4L * j);
                y.data().set(FLOAT, at + 4L * j, value + row.get(FLOAT, added + 4L * j));
            }
        }
    }

    /** Copies {@code n} neighbouring elements. */
    private static void copy(MemorySegment to, long at, Tensor x, long from, int n) {
        MemorySegment.copy(x.data(), from, to, at, (long) n * Float.BYTES);
    }
}
