package candor.ops.cpu;

import static candor.ops.cpu.TileKernels.COLUMNS;
import static candor.ops.cpu.TileKernels.FLOAT;
import static candor.ops.cpu.TileKernels.LANES;
import static candor.ops.cpu.TileKernels.ORDER;
import static candor.ops.cpu.TileKernels.S;

import candor.ops.Batch;
import candor.ops.Heads;
import candor.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * Causal attention, backward. The probabilities are computed again from the scores and the log-sum-exp. A task is one
 * sequence and one key head with all its query heads, so the gradients of keys and values are sums in a fixed order
 * that no two threads share.
 */
final class AttentionBackward {
    private final Workers workers;
    private final Parallel.Task task = this::keyHead;
    private final Layout[] layouts;

    // The operation in hand.
    private Tensor dqkv;
    private Tensor dout;
    private Tensor qkv;
    private Tensor o;
    private Tensor lse;
    private Heads heads;
    private Batch batch;
    private float scale;

    AttentionBackward(Workers workers) {
        this.workers = workers;
        layouts = new Layout[workers.threads()];
    }

    void run(Tensor dqkvOut, Tensor doutIn, Tensor qkvIn, Tensor oIn, Tensor lseIn, Heads layout, Batch sequences) {
        dqkv = dqkvOut;
        dout = doutIn;
        qkv = qkvIn;
        o = oIn;
        lse = lseIn;
        heads = layout;
        batch = sequences;
        scale = (float) (1 / Math.sqrt(heads.width()));
        workers.run(batch.sequenceCount() * heads.key(), task);
    }

    /** Where things lie in a thread's scratch memory, for one sequence of this length. */
    private record Layout(
            int length,
            int width,
            long keyT,
            long key,
            long valueT,
            long dKey,
            long dValue,
            long p,
            long ds,
            long query,
            long rowBytes,
            long narrowBytes,
            long end) {
        static Layout of(int length, int width) {
            long transposed = Panels.count(length) * Panels.bytes(width);
            long natural = Panels.count(width) * Panels.bytes(length);
            long rowBytes = (long) Panels.count(length) * COLUMNS * Float.BYTES;
            long narrowBytes = (long) Panels.count(width) * COLUMNS * Float.BYTES;
            long block = Panels.count(width) * Panels.bytes(Workers.BLOCK);
            long key = transposed;
            long valueT = key + natural;
            long dKey = valueT + transposed;
            long dValue = dKey + length * narrowBytes;
            long p = dValue + length * narrowBytes;
            long ds = p + Workers.BLOCK * rowBytes;
            long query = ds + Workers.BLOCK * rowBytes;
            return new Layout(
                    length, width, 0, key, valueT, dKey, dValue, p, ds, query, rowBytes, narrowBytes, query + block);
        }
    }

    private void keyHead(int index, int worker) {
        int sequence = index / heads.key();
        int head = index % heads.key();
        int start = batch.start(sequence);
        int length = batch.length(sequence);
        int width = heads.width();
        Layout at = layout(worker, length);
        MemorySegment scratch = workers.scratch(worker, at.end);
        int keyCol = heads.queryCols() + head * width;
        int valueCol = keyCol + heads.keyCols();
        AttentionOps.packTransposed(scratch, at.keyT, qkv, start, length, keyCol, width);
        AttentionOps.packNatural(scratch, at.key, qkv, start, length, keyCol, width);
        AttentionOps.packTransposed(scratch, at.valueT, qkv, start, length, valueCol, width);
        Panels.zero(scratch, at.dKey, 2 * length * at.narrowBytes);
        for (int q = head * heads.group(); q < (head + 1) * heads.group(); q++) {
            for (int row = 0; row < length; row += Workers.BLOCK) {
                queryBlock(worker, scratch, at, start, row, Math.min(Workers.BLOCK, length - row), q);
            }
        }
        copyOut(scratch, at.dKey, at, start, keyCol);
        copyOut(scratch, at.dValue, at, start, valueCol);
    }

    /** Sequences of one length share a layout, so a thread seldom makes a new one. */
    private Layout layout(int worker, int length) {
        Layout last = layouts[worker];
        if (last == null || last.length != length || last.width != heads.width()) {
            last = Layout.of(length, heads.width());
            layouts[worker] = last;
        }
        return last;
    }

    private void copyOut(MemorySegment scratch, long from, Layout at, int start, int col) {
        for (int r = 0; r < at.length; r++) {
            MemorySegment.copy(
                    scratch,
                    from + r * at.narrowBytes,
                    dqkv.data(),
                    dqkv.offset(start + r, col),
                    (long) heads.width() * Float.BYTES);
        }
    }

    private void queryBlock(int worker, MemorySegment scratch, Layout at, int start, int row, int rows, int head) {
        int width = heads.width();
        int keys = row + rows;
        int col = head * width;
        Gemm gemm = workers.gemm(worker);
        // S (rows, keys) = Q Kᵀ
        gemm.a(qkv, start + row, col)
                .b(scratch, at.keyT, Panels.bytes(width))
                .into(scratch, at.p, at.rowBytes, rows, Panels.count(keys) * COLUMNS, width);
        // dP (rows, keys) = dO Vᵀ
        gemm.a(dout, start + row, col)
                .b(scratch, at.valueT, Panels.bytes(width))
                .into(scratch, at.ds, at.rowBytes, rows, Panels.count(keys) * COLUMNS, width);
        for (int r = 0; r < rows; r++) {
            int token = start + row + r;
            float delta = dot(dout.data(), dout.offset(token, col), o.data(), o.offset(token, col), width);
            probabilities(
                    scratch,
                    at.p + r * at.rowBytes,
                    at.ds + r * at.rowBytes,
                    row + r + 1,
                    keys,
                    lse.data().get(FLOAT, lse.offset(token, head)),
                    delta,
                    scale);
        }
        // dQ (rows, D) = dS K; the scale is in dS already
        gemm.a(scratch, at.ds, at.rowBytes, Float.BYTES)
                .b(scratch, at.key, Panels.bytes(at.length))
                .into(dqkv, start + row, col, rows, width, keys);
        // dV (keys, D) += Pᵀ dO and dK (keys, D) += dSᵀ Q
        accumulate(gemm, scratch, at.dValue, at.p, dout, start + row, rows, keys, col, at);
        accumulate(gemm, scratch, at.dKey, at.ds, qkv, start + row, rows, keys, col, at);
    }

    private void accumulate(
            Gemm gemm,
            MemorySegment scratch,
            long to,
            long from,
            Tensor x,
            int row,
            int rows,
            int keys,
            int col,
            Layout at) {
        int width = heads.width();
        for (int p = 0; p < Panels.count(width); p++) {
            int cols = Math.min(COLUMNS, width - p * COLUMNS);
            Panels.natural(scratch, at.query + p * Panels.bytes(rows), x, row, rows, col + p * COLUMNS, cols, 1f);
        }
        gemm.a(scratch, from, Float.BYTES, at.rowBytes)
                .b(scratch, at.query, Panels.bytes(rows))
                .init(scratch, to, at.narrowBytes)
                .into(scratch, to, at.narrowBytes, keys, width, rows);
    }

    private static float dot(MemorySegment u, long uAt, MemorySegment v, long vAt, int n) {
        float sum = 0;
        for (int j = 0; j < n; j++) {
            sum = Math.fma(u.get(FLOAT, uAt + 4L * j), v.get(FLOAT, vAt + 4L * j), sum);
        }
        return sum;
    }

    /** Scores become P, and dP becomes dS = P ∘ (dP − delta) · scale; both zero beyond the {@code n} keys that a row sees. */
    private static void probabilities(
            MemorySegment scratch, long p, long ds, int n, int keys, float lse, float delta, float scale) {
        for (int j = 0; j < keys; j += LANES) {
            VectorMask<Float> seen = S.indexInRange(j, n);
            FloatVector score = FloatVector.fromMemorySegment(S, scratch, p + 4L * j, ORDER);
            FloatVector e = Exp.of(score.mul(scale).sub(lse));
            e = FloatVector.zero(S).blend(e, seen);
            FloatVector d = FloatVector.fromMemorySegment(S, scratch, ds + 4L * j, ORDER);
            e.intoMemorySegment(scratch, p + 4L * j, ORDER);
            d = FloatVector.zero(S).blend(d.sub(delta).mul(e).mul(scale), seen);
            d.intoMemorySegment(scratch, ds + 4L * j, ORDER);
        }
    }
}
