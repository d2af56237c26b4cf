package candor.ops.cpu;

import static candor.ops.cpu.TileShape.FLOAT;
import static candor.ops.cpu.TileShape.LANES;
import static candor.ops.cpu.TileShape.ORDER;
import static candor.ops.cpu.TileShape.S;

import candor.ops.Batch;
import candor.ops.Heads;
import candor.ops.op.AttentionBackward;
import candor.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/**
 * Causal attention, backward. The probabilities are computed again from the scores and the log-sum-exp. A task is one
 * sequence and one key head with all its query heads, so the gradients of keys and values are sums in a fixed order
 * that no two threads share.
 */
final class AttentionGradients {
    private final Workers workers;
    private final Parallel.Task task = this::keyHead;
    private final AttentionBlock.Pass[] passes = {
        this::scores,
        this::probabilityGradients,
        this::probabilitiesAndScoreGradients,
        this::queries,
        this::values,
        this::keys
    };

    // The operation in hand.
    private AttentionBackward job;
    private Heads heads;
    private float scale;

    AttentionGradients(Workers workers) {
        this.workers = workers;
    }

    void run(AttentionBackward op) {
        job = op;
        heads = op.heads();
        Batch batch = op.batch();
        scale = (float) (1 / Math.sqrt(heads.width()));
        AttentionOps.requireArray(batch.longest(), heads.width());
        workers.run(batch.sequenceCount() * heads.key(), task);
    }

    private void keyHead(int index, int worker) {
        int sequence = index / heads.key();
        int head = index % heads.key();
        NativeAttention natively = workers.nativeAttention(worker);
        if (natively != null) {
            natively.backward(job, sequence, head, scale);
            return;
        }
        int start = job.batch().start(sequence);
        int length = job.batch().length(sequence);
        Tensor qkv = job.qkv();
        int width = heads.width();
        int transposed = transposed(length);
        int rowsAt = rowsAt(length);
        float[] scratch = workers.floats(worker, rowsAt + Panels.count(width) * Panels.floats(AttentionBlock.HEIGHT));
        int keyCol = heads.queryCols() + head * width;
        int valueCol = keyCol + heads.keyCols();
        boolean rounded = workers.rounds();
        AttentionOps.packTransposed(scratch, 0, qkv, start, length, keyCol, width, rounded);
        AttentionOps.packTransposed(scratch, transposed, qkv, start, length, valueCol, width, rounded);
        AttentionOps.packNatural(scratch, 2 * transposed, qkv, start, length, keyCol, width, rounded);
        AttentionBlock block = workers.attention(worker);
        block.needSums(width, length);
        block.keys(scratch, length, heads.window());
        for (int q = head * heads.group(); q < (head + 1) * heads.group(); q++) {
            for (int first = 0; first < length; first += AttentionBlock.HEIGHT) {
                block.place(start + first, first, Math.min(AttentionBlock.HEIGHT, length - first), q);
                block.run(passes);
            }
        }
        block.copySums(block.keySums(), job.dqkv(), start, keyCol, width);
        block.copySums(block.valueSums(), job.dqkv(), start, valueCol, width);
    }

    /** Floats of Kᵀ, behind which Vᵀ lies, then K, then room for a block of rows in panels. */
    private int transposed(int length) {
        return Panels.count(length) * Panels.floats(heads.width());
    }

    /** Where that room begins. */
    private int rowsAt(int length) {
        return 2 * transposed(length) + Panels.count(heads.width()) * Panels.floats(length);
    }

    private int col(AttentionBlock block) {
        return block.head() * heads.width();
    }

    /** S (rows, keys) = Q Kᵀ. */
    private void scores(AttentionBlock block) {
        block.products(block.scores(), job.qkv(), col(block), heads.width(), 0);
    }

    /** dP (rows, keys) = dO Vᵀ. */
    private void probabilityGradients(AttentionBlock block) {
        block.products(block.slopes(), job.dout(), col(block), heads.width(), transposed(block.length()));
    }

    /** P and dS (rows, keys). */
    private void probabilitiesAndScoreGradients(AttentionBlock block) {
        Tensor dout = job.dout();
        Tensor o = job.o();
        Tensor lse = job.lse();
        int col = col(block);
        for (int r = 0; r < block.rows(); r++) {
            int token = block.row() + r;
            float delta = dot(
                    block.lanes(), dout.data(), dout.offset(token, col), o.data(), o.offset(token, col), heads.width());
            float whole = lse.data().get(FLOAT, lse.offset(token, block.head()));
            block.gradients(r, whole, delta, scale);
        }
    }

    /** dQ (rows, D) = dS K; the scale is in dS already. */
    private void queries(AttentionBlock block) {
        Arrays.fill(block.factors(), 1f);
        block.combine(job.dqkv(), col(block), block.slopes(), heads.width(), 2 * transposed(block.length()));
    }

    /** dV (keys, D) += Pᵀ dO. */
    private void values(AttentionBlock block) {
        int at = rowsAt(block.length());
        AttentionOps.packNatural(
                block.packed(), at, job.dout(), block.row(), block.rows(), col(block), heads.width(), workers.rounds());
        block.spread(block.valueSums(), block.scores(), heads.width(), at);
    }

    /** dK (keys, D) += dSᵀ Q. */
    private void keys(AttentionBlock block) {
        int at = rowsAt(block.length());
        AttentionOps.packNatural(
                block.packed(), at, job.qkv(), block.row(), block.rows(), col(block), heads.width(), workers.rounds());
        block.spread(block.keySums(), block.slopes(), heads.width(), at);
    }

    private static float dot(LaneSum lanes, MemorySegment u, long uAt, MemorySegment v, long vAt, int n) {
        FloatVector sum = FloatVector.zero(S);
        int whole = S.loopBound(n);
        for (int j = 0; j < whole; j += LANES) {
            sum = FloatVector.fromMemorySegment(S, u, uAt + 4L * j, ORDER)
                    .fma(FloatVector.fromMemorySegment(S, v, vAt + 4L * j, ORDER), sum);
        }
        sum.intoArray(lanes.array(), 0);
        float total = lanes.sum();
        for (int j = whole; j < n; j++) {
            total = Math.fma(u.get(FLOAT, uAt + 4L * j), v.get(FLOAT, vAt + 4L * j), total);
        }
        return total;
    }
}
