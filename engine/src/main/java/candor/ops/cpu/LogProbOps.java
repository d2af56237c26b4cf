package candor.ops.cpu;

import static candor.ops.cpu.TileShape.COLUMNS;
import static candor.ops.cpu.TileShape.FLOAT;
import static candor.ops.cpu.TileShape.LANES;
import static candor.ops.cpu.TileShape.ORDER;
import static candor.ops.cpu.TileShape.S;

import candor.ops.Batch;
import candor.tensor.Tensor;
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
    /** Bytes of packed head at a time. */
    private static final long CHUNK_BYTES = 8L << 20;

    /** Columns of logits that a thread holds at a time, at most. */
    static final int CHUNK_COLUMNS = 4096;

    private final Workers workers;
    private final FrozenPanels frozen;
    private final Parallel.Task packForward = this::packForward;
    private final Parallel.Task forward = this::forwardRows;
    private final Parallel.Task multiplyPanel = this::multiplyPanel;
    private final Workers.Rows foldRows = this::foldRows;
    private final Parallel.Task packBackward = this::packBackward;
    private final Parallel.Task backward = this::backwardRows;

    // The operation in hand.
    private double[] max = new double[0];
    private double[] sum = new double[0];
    private Tensor logp;
    private Tensor lse;
    private Tensor logits;
    private Tensor x;
    private Tensor dx;
    private Tensor dlogp;
    private Tensor head;
    private Batch batch;
    private int first;
    private int columns;
    private boolean last;
    private PanelSet readyForward;
    private PanelSet readyBackward;
    private float[] packed;
    private int naturalAt;
    private int naturalPanels;

    LogProbOps(Workers workers, FrozenPanels frozen) {
        this.workers = workers;
        this.frozen = frozen;
    }

    void logProb(Tensor logpOut, Tensor lseOut, Tensor logitsOut, Tensor xIn, Tensor headIn, Batch targets) {
        logp = logpOut;
        lse = lseOut;
        logits = logitsOut;
        x = xIn;
        head = headIn;
        batch = targets;
        int rows = batch.targetCount();
        if (max.length < rows) {
            max = new double[rows + rows / 4];
            sum = new double[rows + rows / 4];
        }
        int chunk = chunkColumns(head.cols());
        readyForward = frozen.forward(head);
        packed = workers.shared(readyForward != null ? 0 : Panels.count(chunk) * Panels.floats(head.cols()));
        for (first = 0; first < head.rows(); first += chunk) {
            columns = Math.min(chunk, head.rows() - first);
            last = first + columns == head.rows();
            if (readyForward == null) {
                workers.run(Panels.count(columns), packForward);
            }
            int blocks = Math.ceilDiv(rows, Workers.BLOCK);
            if (logits != null && blocks < workers.threads()) {
                // Too few rows for every thread to have some: threads share the columns, then the rows.
                workers.run(blocks * Panels.count(columns), multiplyPanel);
                workers.rows(rows, columns, foldRows);
            } else {
                workers.run(blocks, forward);
            }
        }
    }

    void logProbBackward(
            Tensor dxOut, Tensor dlogpIn, Tensor lseIn, Tensor logitsIn, Tensor xIn, Tensor headIn, Batch targets) {
        dx = dxOut;
        dlogp = dlogpIn;
        lse = lseIn;
        logits = logitsIn;
        x = xIn;
        head = headIn;
        batch = targets;
        int rows = batch.targetCount();
        int chunk = chunkColumns(head.cols());
        readyForward = logits == null ? frozen.forward(head) : null;
        readyBackward = frozen.backward(head);
        boolean again = logits == null && readyForward == null;
        naturalAt = again ? Panels.count(chunk) * Panels.floats(head.cols()) : 0;
        packed = workers.shared(
                naturalAt + (readyBackward != null ? 0 : Panels.count(head.cols()) * Panels.floats(chunk)));
        for (first = 0; first < head.rows(); first += chunk) {
            columns = Math.min(chunk, head.rows() - first);
            naturalPanels = readyBackward != null ? 0 : Panels.count(head.cols());
            workers.run(naturalPanels + (again ? Panels.count(columns) : 0), packBackward);
            workers.run(Math.ceilDiv(rows, Workers.BLOCK), backward);
        }
    }

    /** Entries of the vocabulary at a time, for hidden states of this width. */
    static int chunkColumns(int width) {
        long fit = CHUNK_BYTES / (Float.BYTES * (long) Panels.floats(width)) * COLUMNS;
        return Math.clamp(fit, COLUMNS, CHUNK_COLUMNS);
    }

    private void packForward(int panel, int worker) {
        int from = panel * COLUMNS;
        int rows = Math.min(COLUMNS, columns - from);
        Panels.transposed(packed, panel * Panels.floats(head.cols()), head, first + from, 0, rows, head.cols(), 1f);
    }

    private void packBackward(int index, int worker) {
        if (index >= naturalPanels) {
            packForward(index - naturalPanels, worker);
            return;
        }
        int col = index * COLUMNS;
        int cols = Math.min(COLUMNS, head.cols() - col);
        Panels.natural(packed, naturalAt + index * Panels.floats(columns), head, first, columns, col, cols, 1f);
    }

    /** Where the logits of a block of rows lie for the chunk in hand: in the caller's tensor, or in this thread's scratch. */
    private MemorySegment chunk(int worker) {
        return logits == null ? workers.scratch(worker, Workers.BLOCK * stride()) : logits.data();
    }

    /** Byte offset of a block's first row in {@link #chunk}. */
    private long offset(int row) {
        return logits == null ? 0 : logits.offset(row, first);
    }

    /** Bytes from row to row in {@link #chunk}; scratch rows hold whole panels. */
    private long stride() {
        return logits == null ? (long) Panels.count(columns) * COLUMNS * Float.BYTES : logits.stride() * Float.BYTES;
    }

    /** Computes the logits of a block of rows for the chunk in hand, from one of its panels on. */
    private void multiply(int row, int rows, int panel, int cols, MemorySegment to, int worker) {
        Gemm gemm = workers.gemm(worker).a(x, row, 0, workers.key(row));
        if (readyForward != null) {
            gemm.b(readyForward, first / COLUMNS + panel, 0);
        } else {
            int stride = Panels.floats(head.cols());
            gemm.b(packed, panel * stride, stride);
        }
        long at = offset(row) + (long) panel * COLUMNS * Float.BYTES;
        gemm.into(to, at, stride(), rows, cols, head.cols());
    }

    /** All of the chunk; in scratch, whole panels. */
    private void multiply(int row, int rows, MemorySegment to, int worker) {
        multiply(row, rows, 0, logits == null ? Panels.count(columns) * COLUMNS : columns, to, worker);
    }

    private void multiplyPanel(int index, int worker) {
        int panels = Panels.count(columns);
        int row = index / panels * Workers.BLOCK;
        int rows = Math.min(Workers.BLOCK, batch.targetCount() - row);
        int panel = index % panels;
        multiply(row, rows, panel, Math.min(COLUMNS, columns - panel * COLUMNS), logits.data(), worker);
    }

    private void foldRows(int from, int to, int worker) {
        for (int row = from; row < to; row++) {
            fold(row, logits.data(), offset(row), worker);
        }
    }

    private void forwardRows(int block, int worker) {
        int row = block * Workers.BLOCK;
        int rows = Math.min(Workers.BLOCK, batch.targetCount() - row);
        MemorySegment at = chunk(worker);
        multiply(row, rows, at, worker);
        for (int r = 0; r < rows; r++) {
            fold(row + r, at, offset(row) + r * stride(), worker);
        }
    }

    /** Takes the chunk in hand into a row's running maximum and sum, and its target's logit if it is here. */
    private void fold(int row, MemorySegment at, long offset, int worker) {
        double before = first == 0 ? Double.NEGATIVE_INFINITY : max[row];
        double sofar = first == 0 ? 0 : sum[row];
        float here = maximum(at, offset, columns);
        double now = Math.max(before, here);
        float partial = exponentials(workers.sum(worker), at, offset, columns, here);
        double total = sofar * Math.exp(before - now) + partial * Math.exp(here - now);
        max[row] = now;
        sum[row] = total;
        int target = batch.target(batch.targetRow(row)) - first;
        if (target >= 0 && target < columns) {
            logp.data().set(FLOAT, logp.offset(row, 0), at.get(FLOAT, offset + 4L * target));
        }
        if (last) {
            double whole = now + Math.log(total);
            lse.data().set(FLOAT, lse.offset(row, 0), (float) whole);
            float logit = logp.data().get(FLOAT, logp.offset(row, 0));
            logp.data().set(FLOAT, logp.offset(row, 0), (float) (logit - whole));
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
        int row = block * Workers.BLOCK;
        int rows = Math.min(Workers.BLOCK, batch.targetCount() - row);
        MemorySegment at = chunk(worker);
        if (logits == null) {
            multiply(row, rows, at, worker);
        }
        for (int r = 0; r < rows; r++) {
            gradient(row + r, at, offset(row) + r * stride());
        }
        // dx (rows, C) = or += dlogits (rows, columns) · head (columns, C)
        Gemm gemm = workers.gemm(worker).a(at, offset(row), stride());
        if (readyBackward != null) {
            gemm.b(readyBackward, 0, first);
        } else {
            gemm.b(packed, naturalAt, Panels.floats(columns));
        }
        if (first == 0) {
            gemm.into(dx, row, 0, rows, head.cols(), columns);
        } else {
            gemm.addTo(dx, row, 0, rows, head.cols(), columns);
        }
    }

    /** Logits of one row become their gradients: dlogp · (1[v = target] − exp(logit − lse)). */
    private void gradient(int row, MemorySegment at, long offset) {
        float d = dlogp.data().get(FLOAT, dlogp.offset(row, 0));
        float whole = lse.data().get(FLOAT, lse.offset(row, 0));
        negatedProbabilities(at, offset, at, offset, columns, whole, d);
        int target = batch.target(batch.targetRow(row)) - first;
        if (target >= 0 && target < columns) {
            long here = offset + 4L * target;
            at.set(FLOAT, here, at.get(FLOAT, here) + d);
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
