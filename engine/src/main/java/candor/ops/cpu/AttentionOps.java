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
import jdk.incubator.vector.VectorOperators;

/**
 * Causal attention, forward: scores of a block of query rows against all keys up to them, softmax, times values. A task is
 * one sequence and one key head with all query heads that share it, so keys and values are laid out once.
 */
final class AttentionOps {
    private final Workers workers;
    private final Parallel.Task task = this::keyHead;

    // The operation in hand.
    private Tensor o;
    private Tensor lse;
    private Tensor qkv;
    private Heads heads;
    private Batch batch;
    private float scale;

    AttentionOps(Workers workers) {
        this.workers = workers;
    }

    void attention(Tensor out, Tensor lseOut, Tensor qkvIn, Heads layout, Batch sequences) {
        o = out;
        lse = lseOut;
        qkv = qkvIn;
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
        long keyBytes = Panels.count(length) * Panels.bytes(width);
        long valueBytes = Panels.count(width) * Panels.bytes(length);
        long rowBytes = (long) Panels.count(length) * COLUMNS * Float.BYTES;
        MemorySegment scratch = workers.scratch(worker, keyBytes + valueBytes + Workers.BLOCK * rowBytes);
        packTransposed(scratch, 0, qkv, start, length, heads.queryCols() + head * width, width);
        int valueCol = heads.queryCols() + heads.keyCols() + head * width;
        packNatural(scratch, keyBytes, qkv, start, length, valueCol, width);
        for (int q = head * heads.group(); q < (head + 1) * heads.group(); q++) {
            for (int row = 0; row < length; row += Workers.BLOCK) {
                int rows = Math.min(Workers.BLOCK, length - row);
                queryBlock(worker, scratch, keyBytes, keyBytes + valueBytes, rowBytes, start, row, rows, length, q);
            }
        }
    }

    /** Kᵀ (D, keys) in panels of keys. */
    static void packTransposed(MemorySegment to, long at, Tensor x, int start, int length, int col, int width) {
        for (int p = 0; p < Panels.count(length); p++) {
            int rows = Math.min(COLUMNS, length - p * COLUMNS);
            Panels.transposed(to, at + p * Panels.bytes(width), x, start + p * COLUMNS, col, rows, width, 1f);
        }
    }

    /** V (keys, D) in panels of head columns. */
    static void packNatural(MemorySegment to, long at, Tensor x, int start, int length, int col, int width) {
        for (int p = 0; p < Panels.count(width); p++) {
            int cols = Math.min(COLUMNS, width - p * COLUMNS);
            Panels.natural(to, at + p * Panels.bytes(length), x, start, length, col + p * COLUMNS, cols, 1f);
        }
    }

    private void queryBlock(
            int worker,
            MemorySegment scratch,
            long valueAt,
            long scoreAt,
            long rowBytes,
            int start,
            int row,
            int rows,
            int length,
            int head) {
        int width = heads.width();
        int keys = row + rows; // no row of this block sees further
        Gemm gemm = workers.gemm(worker);
        // S (rows, keys) = Q Kᵀ
        gemm.a(qkv, start + row, head * width)
                .b(scratch, 0, Panels.bytes(width))
                .into(scratch, scoreAt, rowBytes, rows, Panels.count(keys) * COLUMNS, width);
        for (int r = 0; r < rows; r++) {
            long at = scoreAt + r * rowBytes;
            int seen = row + r + 1;
            float max = maximum(scratch, at, seen) * scale;
            float sum = softmax(workers.sum(worker), scratch, at, seen, keys, scale, max);
            lse.data().set(FLOAT, lse.offset(start + row + r, head), (float) (max + Math.log(sum)));
        }
        // O (rows, D) = P V
        gemm.a(scratch, scoreAt, rowBytes, Float.BYTES)
                .b(scratch, valueAt, Panels.bytes(length))
                .into(o, start + row, head * width, rows, width, keys);
    }

    /**
     * Turns the first {@code n} scores of a row into probabilities, and the rest up to {@code keys}, whole vectors, into zeros.
     *
     * @param max the largest of the scores, scaled
     * @return the sum of the exponentials of scores less {@code max}
     */
    static float softmax(LaneSum lanes, MemorySegment row, long at, int n, int keys, float scale, float max) {
        FloatVector sum = FloatVector.zero(S);
        for (int j = 0; j < keys; j += LANES) {
            VectorMask<Float> seen = S.indexInRange(j, n);
            FloatVector score = FloatVector.fromMemorySegment(S, row, at + 4L * j, ORDER);
            FloatVector e = Exp.of(score.mul(scale).sub(max));
            e = FloatVector.zero(S).blend(e, seen);
            sum = sum.add(e);
            e.intoMemorySegment(row, at + 4L * j, ORDER);
        }
        float total = lanes.of(sum);
        float inverse = 1 / total;
        for (int j = 0; j < n; j += LANES) {
            FloatVector.fromMemorySegment(S, row, at + 4L * j, ORDER)
                    .mul(inverse)
                    .intoMemorySegment(row, at + 4L * j, ORDER);
        }
        return total;
    }

    /** The largest of {@code n} scores. */
    static float maximum(MemorySegment row, long at, int n) {
        FloatVector max = FloatVector.broadcast(S, Float.NEGATIVE_INFINITY);
        for (int j = 0; j < n; j += LANES) {
            FloatVector v = FloatVector.fromMemorySegment(S, row, at + 4L * j, ORDER);
            max = max.lanewise(VectorOperators.MAX, v, S.indexInRange(j, n));
        }
        return max.reduceLanes(VectorOperators.MAX); // a maximum is the same in any order
    }
}
