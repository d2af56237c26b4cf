package candor.ops.cpu;

import static candor.ops.cpu.TileShape.COLUMNS;
import static candor.ops.cpu.TileShape.FLOAT;

import candor.BadInput;
import candor.ops.Batch;
import candor.ops.Heads;
import candor.ops.op.Attention;
import candor.tensor.Tensor;

/**
 * Causal attention, forward: scores of a block of query rows against all keys up to them, their exponentials, times values, over
 * the exponentials' sum. A task is one sequence and one key head with all query heads that share it, so keys and values are laid out once.
 */
final class AttentionOps {
    private final Workers workers;
    private final Parallel.Task task = this::keyHead;
    private final AttentionBlock.Pass[] passes = {this::scores, this::exponentials, this::results};

    // The operation in hand.
    private Attention job;
    private Heads heads;
    private float scale;

    AttentionOps(Workers workers) {
        this.workers = workers;
    }

    void run(Attention op) {
        job = op;
        heads = op.heads();
        Batch batch = op.batch();
        scale = (float) (1 / Math.sqrt(heads.width()));
        requireArray(batch.longest(), heads.width());
        workers.run(batch.sequenceCount() * heads.key(), task);
    }

    private void keyHead(int index, int worker) {
        int sequence = index / heads.key();
        int head = index % heads.key();
        NativeAttention natively = workers.nativeAttention(worker);
        if (natively != null) {
            natively.forward(job, sequence, head, scale);
            return;
        }
        int start = job.batch().start(sequence);
        int length = job.batch().length(sequence);
        Tensor qkv = job.qkv();
        int width = heads.width();
        int keyFloats = Panels.count(length) * Panels.floats(width);
        int valueFloats = Panels.count(width) * Panels.floats(length);
        float[] scratch = workers.floats(worker, keyFloats + valueFloats);
        packTransposed(scratch, 0, qkv, start, length, heads.queryCols() + head * width, width, workers.rounds());
        int valueCol = heads.queryCols() + heads.keyCols() + head * width;
        packNatural(scratch, keyFloats, qkv, start, length, valueCol, width, workers.rounds());
        AttentionBlock block = workers.attention(worker);
        block.need(width, length);
        block.keys(scratch, length, heads.window());
        for (int q = head * heads.group(); q < (head + 1) * heads.group(); q++) {
            for (int first = 0; first < length; first += AttentionBlock.HEIGHT) {
                block.place(start + first, first, Math.min(AttentionBlock.HEIGHT, length - first), q);
                block.run(passes);
            }
        }
    }

    /**
     * A sequence's keys and values of one head lie in one array: twice, and backward the keys once more, with a quarter of room.
     *
     * @throws BadInput where a sequence is so long that no array holds them
     */
    static void requireArray(int longest, int width) {
        long most = Workers.MOST_FLOATS / (3L * Panels.count(width) * COLUMNS) - COLUMNS;
        if (longest > most) {
            throw new BadInput(
                    "a sequence of " + longest + " tokens is too long for attention on the CPU, which takes " + most
                            + " at most",
                    "lower {max_length}");
        }
    }

    /** Kᵀ (D, keys) in panels of keys. */
    static void packTransposed(
            float[] to, int at, Tensor x, int start, int length, int col, int width, boolean rounded) {
        for (int p = 0; p < Panels.count(length); p++) {
            int rows = Math.min(COLUMNS, length - p * COLUMNS);
            Panels.transposed(to, at + p * Panels.floats(width), x, start + p * COLUMNS, col, rows, width, 1f, rounded);
        }
    }

    /** V (keys, D) in panels of head columns. */
    static void packNatural(float[] to, int at, Tensor x, int start, int length, int col, int width, boolean rounded) {
        for (int p = 0; p < Panels.count(width); p++) {
            int cols = Math.min(COLUMNS, width - p * COLUMNS);
            Panels.natural(to, at + p * Panels.floats(length), x, start, length, col + p * COLUMNS, cols, 1f, rounded);
        }
    }

    /** S (rows, keys) = Q Kᵀ. */
    private void scores(AttentionBlock block) {
        block.products(block.scores(), job.qkv(), block.head() * heads.width(), heads.width(), 0);
    }

    private void exponentials(AttentionBlock block) {
        Tensor lse = job.lse();
        for (int r = 0; r < block.rows(); r++) {
            float max = block.maximum(r) * scale;
            float sum = block.exponentials(r, scale, max);
            block.factors()[r] = Float.isFinite(max) ? 1 / sum : Float.NaN; // the exponential hides it
            lse.data().set(FLOAT, lse.offset(block.row() + r, block.head()), (float) (max + Math.log(sum)));
        }
    }

    /** O (rows, D) = P V, over the sum of the exponentials. */
    private void results(AttentionBlock block) {
        int width = heads.width();
        int valueAt = Panels.count(block.length()) * Panels.floats(width);
        block.combine(job.o(), block.head() * width, block.scores(), width, valueAt);
    }
}
