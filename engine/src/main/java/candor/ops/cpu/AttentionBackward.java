package candor.ops.cpu;

import static candor.ops.cpu.TileKernels.FLOAT;
import static candor.ops.cpu.TileKernels.LANES;
import static candor.ops.cpu.TileKernels.ORDER;
import static candor.ops.cpu.TileKernels.S;

import candor.ops.Batch;
import candor.ops.Heads;
import candor.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/**
 * Causal attention, backward. The probabilities are computed again from the scores and the log-sum-exp. A task is one
 * sequence and one key head with all its query heads, so the gradients of keys and values are sums in a fixed order
 * that no two threads share.
 */
final class AttentionBackward {
    private final Workers workers;
    private final Parallel.Task task = this::keyHead;

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

    private void keyHead(int index, int worker) {
        int sequence = index / heads.key();
        int head = index % heads.key();
        int start = batch.start(sequence);
        int length = batch.length(sequence);
        int width = heads.width();
        int transposed = Panels.count(length) * Panels.floats(width);
        int natural = Panels.count(width) * Panels.floats(length);
        int rowsAt = 2 * transposed + natural;
        float[] scratch = workers.floats(worker, rowsAt + Panels.count(width) * Panels.floats(AttentionBlock.HEIGHT));
        int keyCol = heads.queryCols() + head * width;
        int valueCol = keyCol + heads.keyCols();
        AttentionOps.packTransposed(scratch, 0, qkv, start, length, keyCol, width);
        AttentionOps.packTransposed(scratch, transposed, qkv, start, length, valueCol, width);
        AttentionOps.packNatural(scratch, 2 * transposed, qkv, start, length, keyCol, width);
        AttentionBlock block = workers.attention(worker);
        block.needSums(width, length);
        for (int q = head * heads.group(); q < (head + 1) * heads.group(); q++) {
            for (int first = 0; first < length; first += AttentionBlock.HEIGHT) {
                int rows = Math.min(AttentionBlock.HEIGHT, length - first);
                queryBlock(block, workers.sum(worker), scratch, transposed, rowsAt, start, length, first, rows, q);
            }
        }
        block.copySums(block.keySums(), dqkv, start, keyCol, length, width);
        block.copySums(block.valueSums(), dqkv, start, valueCol, length, width);
    }

    /**
     * @param valueAt where Vᵀ lies, behind Kᵀ; K lies as far behind it
     * @param rowsAt  room for a block of rows in panels
     */
    private void queryBlock(
            AttentionBlock block,
            LaneSum lanes,
            float[] scratch,
            int valueAt,
            int rowsAt,
            int start,
            int length,
            int first,
            int rows,
            int head) {
        int width = heads.width();
        int row = start + first;
        int col = head * width;
        block.products(block.scores(), qkv, row, col, rows, first, width, scratch, 0); // S (rows, keys) = Q Kᵀ
        block.products(block.slopes(), dout, row, col, rows, first, width, scratch, valueAt); // dP (rows, keys) = dO Vᵀ
        for (int r = 0; r < rows; r++) {
            int token = row + r;
            float delta = dot(lanes, dout.data(), dout.offset(token, col), o.data(), o.offset(token, col), width);
            block.gradients(r, first + r + 1, lse.data().get(FLOAT, lse.offset(token, head)), delta, scale);
        }
        // dQ (rows, D) = dS K; the scale is in dS already
        float[] ones = block.factors();
        Arrays.fill(ones, 1f);
        block.combine(
                dqkv, row, col, block.slopes(), ones, rows, first, width, scratch, 2 * valueAt, Panels.floats(length));
        // dV (keys, D) += Pᵀ dO and dK (keys, D) += dSᵀ Q
        AttentionOps.packNatural(scratch, rowsAt, dout, row, rows, col, width);
        block.spread(block.valueSums(), block.scores(), rows, first, width, length, scratch, rowsAt);
        AttentionOps.packNatural(scratch, rowsAt, qkv, row, rows, col, width);
        block.spread(block.keySums(), block.slopes(), rows, first, width, length, scratch, rowsAt);
    }

    private static float dot(LaneSum lanes, MemorySegment u, long uAt, MemorySegment v, long vAt, int n) {
        FloatVector sum = FloatVector.zero(S);
        int whole = S.loopBound(n);
        for (int j = 0; j < whole; j += LANES) {
            sum = FloatVector.fromMemorySegment(S, u, uAt + 4L * j, ORDER)
                    .fma(FloatVector.fromMemorySegment(S, v, vAt + 4L * j, ORDER), sum);
        }
        float total = lanes.of(sum);
        for (int j = whole; j < n; j++) {
            total = Math.fma(u.get(FLOAT, uAt + 4L * j), v.get(FLOAT, vAt + 4L * j), total);
        }
        return total;
    }
}
