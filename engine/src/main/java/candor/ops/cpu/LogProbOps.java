package candor.ops.cpu;

import static candor.ops.cpu.TileShape.FLOAT;
import static candor.ops.cpu.TileShape.LANES;
import static candor.ops.cpu.TileShape.ORDER;
import static candor.ops.cpu.TileShape.S;

import candor.ops.Batch;
import candor.ops.op.LogProb;
import candor.ops.op.LogProbBackward;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * The head and the log-probability of the targets, the vocabulary in chunks: a chunk of the head is packed, every block of
 * rows meets it, and each row keeps a running maximum and sum (Milakov and Gimelshein 2018). No more than a chunk of
 * logits exists at a time, unless the caller keeps them.
 */
final class LogProbOps {
    private final Workers workers;
    private final FrozenPanels frozen;
    private final Parallel.Task packForward = this::packForward;
    private final Parallel.Task forward = this::forwardRows;
    private final Parallel.Task multiplyPanel = this::multiplyPanel;
    private final Workers.Rows foldRows = this::foldRows;
    private final Parallel.Task packBackward = this::packBackward;
    private final Parallel.Task backward = this::backwardRows;

    /** Of each row, over the chunks so far. */
    private double[] max = new double[0];

    private double[] sum = new double[0];

    // The operation in hand, one of the two, and where in the vocabulary it is.
    private LogProb job;
    private LogProbBackward backwardJob;
    private HeadChunk at;
    private int blockRows;

    LogProbOps(Workers workers, FrozenPanels frozen) {
        this.workers = workers;
        this.frozen = frozen;
    }

    void run(LogProb o) {
        job = o;
        int rows = o.batch().targetCount();
        blockRows = blockRows(rows);
        if (max.length < rows) {
            max = new double[rows + rows / 4];
            sum = new double[rows + rows / 4];
        }
        PanelSet ready = frozen.forward(o.head());
        int chunk = HeadChunk.columns(o.head().cols());
        float[] packed = workers.shared(
                ready != null
                        ? 0
                        : Panels.count(chunk) * workers.panels.floats(o.head().cols()));
        at = new HeadChunk(
                workers,
                o.logits(),
                o.x(),
                PanelSource.of(o.head(), workers.panels),
                ready,
                null,
                packed,
                0,
                blockRows);
        for (int first = 0; first < o.head().rows(); first += chunk) {
            at.begin(first, chunk);
            if (ready == null) {
                workers.run(Panels.count(at.columns), packForward);
            }
            int blocks = Math.ceilDiv(rows, blockRows);
            if (o.logits() != null && blocks < workers.threads()) {
                // Too few rows for every thread to have some: threads share the columns, then the rows.
                workers.run(blocks * Panels.count(at.columns), multiplyPanel);
                workers.rows(rows, at.columns, foldRows);
            } else {
                workers.run(blocks, forward);
            }
        }
    }

    void run(LogProbBackward o) {
        backwardJob = o;
        int rows = o.batch().targetCount();
        blockRows = blockRows(rows);
        int width = o.head().cols();
        int chunk = HeadChunk.columns(width);
        PanelSet ready = o.logits() == null ? frozen.forward(o.head()) : null;
        PanelSet natural = frozen.backward(o.head());
        boolean again = o.logits() == null && ready == null;
        int naturalAt = again ? Panels.count(chunk) * workers.panels.floats(width) : 0;
        int naturalPanels = natural != null ? 0 : Panels.count(width);
        float[] packed = workers.shared(naturalAt + naturalPanels * workers.panels.floats(chunk));
        at = new HeadChunk(
                workers,
                o.logits(),
                o.x(),
                PanelSource.of(o.head(), workers.panels),
                ready,
                natural,
                packed,
                naturalAt,
                blockRows);
        for (int first = 0; first < o.head().rows(); first += chunk) {
            at.begin(first, chunk);
            workers.run(naturalPanels + (again ? Panels.count(at.columns) : 0), packBackward);
            workers.run(Math.ceilDiv(rows, blockRows), backward);
        }
    }

    /** Rows of a block: native loops multiply faster than the head is read, and so take more where there are more than enough blocks. */
    private int blockRows(int rows) {
        return workers.products.areNative()
                ? Math.clamp(Math.ceilDiv(rows, 2 * workers.threads()), Workers.BLOCK, HeadChunk.MOST_ROWS)
                : Workers.BLOCK;
    }

    private void packForward(int panel, int worker) {
        at.packForward(panel);
    }

    private void packBackward(int index, int worker) {
        int naturalPanels = at.natural != null ? 0 : Panels.count(at.head.cols());
        if (index < naturalPanels) {
            at.packNatural(index);
        } else {
            at.packForward(index - naturalPanels);
        }
    }

    private int rows(Batch batch, int row) {
        return Math.min(blockRows, batch.targetCount() - row);
    }

    private void multiplyPanel(int index, int worker) {
        int panels = Panels.count(at.columns);
        int row = index / panels * blockRows;
        int panel = index % panels;
        int cols = Panels.width(at.columns, panel);
        at.multiply(row, rows(job.batch(), row), panel, cols, job.logits().data(), worker);
    }

    private void foldRows(int from, int to, int worker) {
        for (int row = from; row < to; row++) {
            fold(row, job.logits().data(), at.offset(row), worker);
        }
    }

    private void forwardRows(int block, int worker) {
        int row = block * blockRows;
        int rows = rows(job.batch(), row);
        MemorySegment logits = at.memory(worker);
        at.multiply(row, rows, logits, worker);
        for (int r = 0; r < rows; r++) {
            fold(row + r, logits, at.offset(row) + r * at.stride(), worker);
        }
    }

    /** Takes the chunk in hand into a row's running maximum and sum, and its target's logit if it is here. */
    private void fold(int row, MemorySegment logits, long offset, int worker) {
        LogProb o = job;
        int first = at.first;
        int columns = at.columns;
        double before = first == 0 ? Double.NEGATIVE_INFINITY : max[row];
        double sofar = first == 0 ? 0 : sum[row];
        float here = maximum(logits, offset, columns);
        double now = Math.max(before, here);
        float partial = exponentials(workers.sum(worker), logits, offset, columns, here);
        double total = sofar * Math.exp(before - now) + partial * Math.exp(here - now);
        max[row] = now;
        sum[row] = total;
        MemorySegment logp = o.logp().data();
        long logpAt = o.logp().offset(row, 0);
        int target = o.batch().target(o.batch().targetRow(row)) - first;
        if (target >= 0 && target < columns) {
            logp.set(FLOAT, logpAt, logits.get(FLOAT, offset + 4L * target));
        }
        if (at.last()) {
            double whole = now + Math.log(total);
            o.lse().data().set(FLOAT, o.lse().offset(row, 0), (float) whole);
            logp.set(FLOAT, logpAt, (float) (logp.get(FLOAT, logpAt) - whole));
        }
    }

    private static float maximum(MemorySegment row, long at, int n) {
        FloatVector max = FloatVector.broadcast(S, Float.NEGATIVE_INFINITY);
        int j = 0;
        for (; j + LANES <= n; j += LANES) {
            max = max.lanewise(VectorOperators.MAX, FloatVector.fromMemorySegment(S, row, at + 4L * j, ORDER));
        }
        float largest = max.reduceLanes(VectorOperators.MAX); // a maximum is the same in any order
        for (; j < n; j++) {
            largest = Math.max(largest, row.get(FLOAT, at + 4L * j));
        }
        return largest;
    }

    /**
     * Σ exp(v − max). The last vector is a method of its own: where a loop's sum meets a masked vector behind a branch, C2
     * puts every one of its sums on the heap.
     */
    private static float exponentials(LaneSum lanes, MemorySegment row, long at, int n, float max) {
        FloatVector sum = FloatVector.zero(S);
        int whole = S.loopBound(n);
        for (int j = 0; j < whole; j += LANES) {
            FloatVector v = FloatVector.fromMemorySegment(S, row, at + 4L * j, ORDER);
            sum = sum.add(Exp.of(v.sub(max)));
        }
        float total = lanes.of(sum);
        return whole == n ? total : total + lastExponentials(lanes, row, at + 4L * whole, n - whole, max);
    }

    private static float lastExponentials(LaneSum lanes, MemorySegment row, long at, int n, float max) {
        VectorMask<Float> mask = S.indexInRange(0, n);
        FloatVector v = FloatVector.fromMemorySegment(S, row, at, ORDER, mask);
        return lanes.of(FloatVector.zero(S).blend(Exp.of(v.sub(max)), mask));
    }

    private void backwardRows(int block, int worker) {
        LogProbBackward o = backwardJob;
        int row = block * blockRows;
        int rows = rows(o.batch(), row);
        MemorySegment logits = at.memory(worker);
        if (o.logits() == null) {
            at.multiply(row, rows, logits, worker);
        }
        for (int r = 0; r < rows; r++) {
            gradient(o, row + r, logits, at.offset(row) + r * at.stride());
        }
        // dx (rows, C) = or += dlogits (rows, columns) · head (columns, C)
        Gemm gemm = at.natural(workers.gemm(worker).a(logits, at.offset(row), at.stride()));
        if (at.first == 0) {
            gemm.into(o.dx(), row, 0, rows, o.dx().cols(), at.columns);
        } else {
            gemm.addTo(o.dx(), row, 0, rows, o.dx().cols(), at.columns);
        }
    }

    /** Logits of one row become their gradients: dlogp · (1[v = target] − exp(logit − lse)). */
    private void gradient(LogProbBackward o, int row, MemorySegment logits, long offset) {
        float d = o.dlogp().data().get(FLOAT, o.dlogp().offset(row, 0));
        float whole = o.lse().data().get(FLOAT, o.lse().offset(row, 0));
        negatedProbabilities(logits, offset, logits, offset, at.columns, whole, d);
        int target = o.batch().target(o.batch().targetRow(row)) - at.first;
        if (target >= 0 && target < at.columns) {
            long here = offset + 4L * target;
            logits.set(FLOAT, here, logits.get(FLOAT, here) + d);
        }
    }

    /** to = −d · exp(from − lse), of {@code n} logits; the two may be the same memory. */
    static void negatedProbabilities(
            MemorySegment to, long at, MemorySegment from, long fromAt, int n, float lse, float slope) {
        float d = Float.isNaN(lse) ? Float.NaN : slope; // the exponential hides it
        int j = 0;
        for (; j + LANES <= n; j += LANES) {
            FloatVector v = FloatVector.fromMemorySegment(S, from, fromAt + 4L * j, ORDER);
            Exp.of(v.sub(lse)).mul(-d).intoMemorySegment(to, at + 4L * j, ORDER);
        }
        if (j < n) {
            lastNegatedProbabilities(to, at + 4L * j, from, fromAt + 4L * j, n - j, lse, d);
        }
    }

    private static void lastNegatedProbabilities(
            MemorySegment to, long at, MemorySegment from, long fromAt, int n, float lse, float d) {
        VectorMask<Float> mask = S.indexInRange(0, n);
        FloatVector v = FloatVector.fromMemorySegment(S, from, fromAt, ORDER, mask);
        Exp.of(v.sub(lse)).mul(-d).intoMemorySegment(to, at, ORDER, mask);
    }
}
