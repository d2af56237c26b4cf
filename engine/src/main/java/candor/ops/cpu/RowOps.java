package candor.ops.cpu;

import static candor.ops.cpu.TileShape.FLOAT;

import candor.ops.Batch;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Operations that only move or clear rows; threads share the rows. */
final class RowOps {
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;

    private final Workers workers;
    private final Workers.Rows embed = this::embedRows;
    private final Workers.Rows gather = this::gatherRows;
    private final Workers.Rows scatter = this::scatterRows;
    private final Workers.Rows zero = this::zeroRows;
    private final Workers.Rows addRow = this::addRows;

    // The operation in hand.
    private Tensor y;
    private Tensor x;
    private Batch batch;

    RowOps(Workers workers) {
        this.workers = workers;
    }

    void embed(Tensor yOut, Tensor table, Batch tokens) {
        run(yOut, table, tokens, embed, yOut.rows());
    }

    void gatherTargets(Tensor yOut, Tensor xIn, Batch targets) {
        run(yOut, xIn, targets, gather, targets.targetCount());
    }

    void scatterTargets(Tensor dx, Tensor dy, Batch targets) {
        zero(dx);
        run(dx, dy, targets, scatter, targets.targetCount());
    }

    void zero(Tensor yOut) {
        run(yOut, null, null, zero, yOut.rows());
    }

    /** y (N,O) += row (1,O). */
    void addRow(Tensor yInOut, Tensor row) {
        run(yInOut, row, null, addRow, yInOut.rows());
    }

    private void run(Tensor yOut, Tensor xIn, Batch batchIn, Workers.Rows task, int rows) {
        y = yOut;
        x = xIn;
        batch = batchIn;
        workers.rows(rows, yOut.cols(), task);
    }

    private void embedRows(int from, int end, int worker) {
        for (int row = from; row < end; row++) {
            toFloats(y.data(), y.offset(row, 0), x, x.offset(batch.token(row), 0), y.cols());
        }
    }

    private void gatherRows(int from, int end, int worker) {
        for (int i = from; i < end; i++) {
            toFloats(y.data(), y.offset(i, 0), x, x.offset(batch.targetRow(i), 0), y.cols());
        }
    }

    private void scatterRows(int from, int end, int worker) {
        for (int i = from; i < end; i++) {
            toFloats(y.data(), y.offset(batch.targetRow(i), 0), x, x.offset(i, 0), y.cols());
        }
    }

    private void zeroRows(int from, int end, int worker) {
        for (int row = from; row < end; row++) {
            long at = y.offset(row, 0);
            for (int j = 0; j < y.cols(); j++) {
                y.data().set(FLOAT, at + 4L * j, 0f);
            }
        }
    }

    private void addRows(int from, int end, int worker) {
        for (int row = from; row < end; row++) {
            long at = y.offset(row, 0);
            long added = x.offset(0, 0);
            for (int j = 0; j < y.cols(); j++) {
                y.data()
                        .set(
                                FLOAT,
                                at + 4L * j,
                                y.data().get(FLOAT, at + 4L * j) + x.data().get(FLOAT, added + 4L * j));
            }
        }
    }

    /** Copies {@code n} neighbouring elements as float32. */
    private static void toFloats(MemorySegment to, long at, Tensor x, long from, int n) {
        MemorySegment data = x.data();
        switch (x.dtype()) {
            case F32 -> MemorySegment.copy(data, from, to, at, (long) n * Float.BYTES);
            case BF16 -> {
                for (int j = 0; j < n; j++) {
                    to.set(FLOAT, at + 4L * j, DType.bf16ToFloat(data.get(SHORT, from + 2L * j)));
                }
            }
            case F16 -> {
                for (int j = 0; j < n; j++) {
                    to.set(FLOAT, at + 4L * j, Float.float16ToFloat(data.get(SHORT, from + 2L * j)));
                }
            }
            default -> throw new IllegalArgumentException("no rows of " + x.dtype());
        }
    }
}
