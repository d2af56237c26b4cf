package candor.ops.cpu;

import static candor.ops.cpu.TileShape.COLUMNS;
import static candor.ops.cpu.TileShape.FLOAT;

import candor.ops.op.LogProbHeadGradient;
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

    /** The operation in hand. */
    private LogProbHeadGradient job;

    HeadGradient(Workers workers) {
        this.workers = workers;
    }

    void add(LogProbHeadGradient o) {
        job = o;
        workers.run(Math.ceilDiv(o.dHead().rows(), ENTRIES), task);
    }

    private void compute(int index, int worker) {
        LogProbHeadGradient o = job;
        Tensor dHead = o.dHead();
        Tensor x = o.x();
        int first = index * ENTRIES;
        int entries = Math.min(ENTRIES, dHead.rows() - first);
        int c = dHead.cols();
        int panelOfX = workers.panels.floats(DEPTH);
        int panelOfHead = workers.panels.floats(c);
        int headPanels = o.logits() == null ? Panels.count(entries) : 0;
        MemorySegment scratch = workers.scratch(worker, DEPTH * ROW);
        float[] packed = workers.floats(worker, panelOfX + headPanels * panelOfHead);
        PanelSource head = PanelSource.of(o.head(), workers.panels);
        for (int panel = 0; panel < headPanels; panel++) {
            int from = panel * COLUMNS;
            int rows = Math.min(COLUMNS, entries - from);
            int at = panelOfX + panel * panelOfHead;
            head.transposed(packed, at, first + from, rows);
        }
        Gemm gemm = workers.gemm(worker);
        for (int row = 0; row < o.batch().targetCount(); row += DEPTH) {
            int depth = Math.min(DEPTH, o.batch().targetCount() - row);
            if (o.logits() == null) {
                gemm.a(x, row, 0).b(packed, panelOfX, panelOfHead).into(scratch, 0, ROW, depth, entries, c);
            }
            for (int r = 0; r < depth; r++) {
                gradient(o, row + r, first, entries, scratch, r * ROW);
            }
            for (int col = 0; col < c; col += COLUMNS) {
                int cols = Math.min(COLUMNS, c - col);
                workers.panels.natural(packed, 0, x, row, depth, col, cols, 1f);
                gemm.aTransposed(scratch, 0, ROW).b(packed, 0, 0).addTo(dHead, first, col, entries, cols, depth);
            }
        }
    }

    /** dlogp · (1[v = target] − exp(logit − lse)) of one row, for some entries. */
    private static void gradient(LogProbHeadGradient o, int row, int first, int entries, MemorySegment to, long at) {
        Tensor logits = o.logits();
        float d = o.dlogp().data().get(FLOAT, o.dlogp().offset(row, 0));
        float whole = o.lse().data().get(FLOAT, o.lse().offset(row, 0));
        MemorySegment from = logits == null ? to : logits.data();
        LogProbOps.negatedProbabilities(
                to, at, from, logits == null ? at : logits.offset(row, first), entries, whole, d);
        int target = o.batch().target(o.batch().targetRow(row)) - first;
        if (target >= 0 && target < entries) {
            long here = at + 4L * target;
            to.set(FLOAT, here, to.get(FLOAT, here) + d);
        }
    }
}
