package candor.ops.cpu;

import static candor.ops.cpu.TileShape.COLUMNS;
import static candor.ops.cpu.TileShape.FLOAT;

import candor.ops.Batch;
import candor.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/**
 * dhead (V,C) += dlogitsᵀ x, a sum over the target rows in their order. Threads share the vocabulary; each takes a few of
 * its entries, and some rows at a time makes the logits' gradients, from the logits or from x and the head anew, and
 * multiplies them. No more of them exists at a time.
 */
final class HeadGradient {
    /** Vocabulary entries of a task. */
    static final int ENTRIES = 128;

    /** Rows at a time. */
    private static final int DEPTH = 192;

    /** Bytes from row to row of a task's gradients of logits. */
    private static final long ROW = (long) ENTRIES * Float.BYTES;

    private final Workers workers;
    private final Parallel.Task task = this::compute;

    // The operation in hand.
    private Tensor dHead;
    private Tensor dlogp;
    private Tensor lse;
    private Tensor logits;
    private Tensor x;
    private Tensor head;
    private Batch batch;

    HeadGradient(Workers workers) {
        this.workers = workers;
    }

    void add(Tensor dHeadOut, Tensor dlogpIn, Tensor lseIn, Tensor logitsIn, Tensor xIn, Tensor headIn, Batch targets) {
        dHead = dHeadOut;
        dlogp = dlogpIn;
        lse = lseIn;
        logits = logitsIn;
        x = xIn;
        head = headIn;
        batch = targets;
        workers.run(Math.ceilDiv(dHead.rows(), ENTRIES), task);
    }

    private void compute(int index, int worker) {
        int first = index * ENTRIES;
        int entries = Math.min(ENTRIES, dHead.rows() - first);
        int c = dHead.cols();
        int panelOfX = Panels.floats(DEPTH);
        int panelOfHead = Panels.floats(c);
        int headPanels = logits == null ? Panels.count(entries) : 0;
        MemorySegment scratch = workers.scratch(worker, DEPTH * ROW);
        float[] packed = workers.floats(worker, panelOfX + headPanels * panelOfHead);
        for (int panel = 0; panel < headPanels; panel++) {
            int from = panel * COLUMNS;
            int rows = Math.min(COLUMNS, entries - from);
            int at = panelOfX + panel * panelOfHead;
            Panels.transposed(packed, at, head, first + from, 0, rows, c, 1f);
        }
        Gemm gemm = workers.gemm(worker);
        for (int row = 0; row < batch.targetCount(); row += DEPTH) {
            int depth = Math.min(DEPTH, batch.targetCount() - row);
            if (logits == null) {
                gemm.a(x, row, 0).b(packed, panelOfX, panelOfHead).into(scratch, 0, ROW, depth, entries, c);
            }
            for (int r = 0; r < depth; r++) {
                gradient(row + r, first, entries, scratch, r * ROW);
            }
            for (int col = 0; col < c; col += COLUMNS) {
                int cols = Math.min(COLUMNS, c - col);
                Panels.natural(packed, 0, x, row, depth, col, cols, 1f);
                gemm.aTransposed(scratch, 0, ROW).b(packed, 0, 0).addTo(dHead, first, col, entries, cols, depth);
            }
        }
    }

    /** dlogp · (1[v = target] − exp(logit − lse)) of one row, for some entries. */
    private void gradient(int row, int first, int entries, MemorySegment to, long at) {
        float d = dlogp.data().get(FLOAT, dlogp.offset(row, 0));
        float whole = lse.data().get(FLOAT, lse.offset(row, 0));
        MemorySegment from = logits == null ? to : logits.data();
        LogProbOps.negatedProbabilities(
                to, at, from, logits == null ? at : logits.offset(row, first), entries, whole, d);
        int target = batch.target(batch.targetRow(row)) - first;
        if (target >= 0 && target < entries) {
            long here = at + 4L * target;
            to.set(FLOAT, here, to.get(FLOAT, here) + d);
        }
    }
}
