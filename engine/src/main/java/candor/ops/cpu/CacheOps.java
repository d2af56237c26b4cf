package candor.ops.cpu;

import static candor.ops.cpu.TileShape.FLOAT;
import static candor.ops.cpu.TileShape.LANES;
import static candor.ops.cpu.TileShape.ORDER;
import static candor.ops.cpu.TileShape.S;

import candor.ops.Batch;
import candor.ops.Heads;
import candor.ops.KvPages;
import candor.ops.PageTables;
import candor.ops.op.AttentionCached;
import candor.ops.op.CacheWrite;
import candor.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/**
 * Attention to a paged cache, for prompts and single tokens alike. A page is laid out as the tile kernels read B, so nothing
 * is packed: scores are the product of query rows with the keys of each page, the result that of their softmax with its
 * values. Where operands of products are rounded to bf16, keys and values are as they are written to a page, which nothing else
 * reads; queries and the softmax here. Every sum runs over the keys from the first to the last, as in {@link AttentionOps}, whatever the number of rows.
 *
 * <p>A task is a block of rows of one sequence, with all key heads, or with one of them where there are few blocks. All query
 * heads that share a key head go with it; where the block is a single row, they are the rows of one product.
 */
final class CacheOps {
    /** Bytes from one row of a page's keys to the next. */
    private static final long PAGE_BYTES = (long) KvPages.TOKENS * Float.BYTES;

    /** Elements of a cache line, all of which one element of a key moves. */
    private static final int LINE = 16;

    /** Scores of a single row that a thread has at hand: a share of the second-level cache. */
    private static final int SCORES = 32 << 10;

    private final Workers workers;
    private final RowBlocks blocks = new RowBlocks();
    private final Parallel.Task write = this::writeRows;
    private final Parallel.Task attend = this::attendBlock;

    // The operation in hand.
    private CacheWrite written;
    private AttentionCached job;
    private Heads heads;
    private float scale;
    private int headTasks;

    CacheOps(Workers workers) {
        this.workers = workers;
    }

    void run(CacheWrite op) {
        written = op;
        heads = op.cache().heads();
        blocks.cutSequences(op.batch(), Workers.BLOCK);
        workers.run(blocks.count(), (long) LINE * op.batch().tokenCount() * heads.keyCols(), write);
    }

    void run(AttentionCached op) {
        job = op;
        heads = op.cache().heads();
        blocks.cutSequences(op.batch(), Workers.BLOCK);
        scale = (float) (1 / Math.sqrt(heads.width()));
        headTasks = blocks.count() >= 4 * workers.threads() ? 1 : heads.key();
        workers.run(blocks.count() * headTasks, attend);
    }

    /** The first page with a key that a token at this position attends to. */
    private int firstPage(int position) {
        return heads.first(position) / KvPages.TOKENS;
    }

    private void writeRows(int block, int worker) {
        KvPages cache = written.cache();
        Batch batch = written.batch();
        int sequence = blocks.run(block);
        int end = blocks.start(block) + blocks.rows(block);
        for (int row = blocks.start(block); row < end; row++) {
            int position = batch.position(row);
            int page = written.tables().page(sequence, position / KvPages.TOKENS);
            writeToken(row, cache.slab(page), cache.row(page), position % KvPages.TOKENS);
        }
    }

    private void writeToken(int row, Tensor slab, int page, int token) {
        Tensor qkv = written.qkv();
        int width = heads.width();
        MemorySegment to = slab.data();
        for (int head = 0; head < heads.key(); head++) {
            long key = qkv.offset(row, heads.queryCols() + head * width);
            long keyAt = slab.offset(page, KvPages.keyCol(heads, head, token));
            long value = key + (long) heads.keyCols() * Float.BYTES;
            long valueAt = slab.offset(page, KvPages.valueCol(heads, head, token));
            if (workers.rounds()) {
                copyRounded(qkv.data(), key, to, keyAt, PAGE_BYTES, width);
                copyRounded(qkv.data(), value, to, valueAt, Float.BYTES, width);
            } else {
                scatter(qkv.data(), key, to, keyAt, width);
                copy(qkv.data(), value, to, valueAt, width);
            }
        }
    }

    /** {@code n} floats, to where they lie a row of keys apart. */
    private static void scatter(MemorySegment from, long at, MemorySegment to, long out, int n) {
        for (int d = 0; d < n; d++) {
            to.set(FLOAT, out + d * PAGE_BYTES, from.get(FLOAT, at + 4L * d));
        }
    }

    /** {@code n} floats, rounded to bf16, to where they lie some bytes apart. */
    private static void copyRounded(MemorySegment from, long at, MemorySegment to, long out, long step, int n) {
        for (int d = 0; d < n; d++) {
            to.set(FLOAT, out + d * step, Bf16.rounded(from.get(FLOAT, at + 4L * d)));
        }
    }

    private static void copy(MemorySegment from, long at, MemorySegment to, long out, int n) {
        int j = 0;
        for (; j + LANES <= n; j += LANES) {
            FloatVector.fromMemorySegment(S, from, at + 4L * j, ORDER).intoMemorySegment(to, out + 4L * j, ORDER);
        }
        for (; j < n; j++) {
            to.set(FLOAT, out + 4L * j, from.get(FLOAT, at + 4L * j));
        }
    }

    private void attendBlock(int index, int worker) {
        int block = index / headTasks;
        int keyHeads = heads.key() / headTasks;
        int from = index % headTasks * keyHeads;
        int end = from + keyHeads;
        if (blocks.rows(block) == 1) {
            // So many that their scores stay in the cache.
            int position = job.batch().position(blocks.start(block));
            int pages = KvPages.count(position + 1) - firstPage(position);
            int scores = heads.group() * pages * KvPages.TOKENS;
            int together = Math.clamp(SCORES / scores, 1, keyHeads);
            for (int keyHead = from; keyHead < end; keyHead += together) {
                attend(worker, block, keyHead, Math.min(together, end - keyHead), 0, heads.group(), true);
            }
            return;
        }
        for (int keyHead = from; keyHead < end; keyHead++) {
            for (int head = 0; head < heads.group(); head++) {
                attend(worker, block, keyHead, 1, head, blocks.rows(block), false);
            }
        }
    }

    /**
     * Rows that read the keys and values of some key heads: those of a block, for one query head; or of a single row all
     * query heads that share the key heads, which lie side by side. Page by page, a page's keys and its values are read from
     * one end to the other.
     *
     * @param inGroup the first query head, among those that share the key head
     * @param each    rows for each key head
     */
    private void attend(int worker, int block, int keyHead, int keyHeads, int inGroup, int each, boolean single) {
        Tensor o = job.o();
        Tensor qkv = job.qkv();
        KvPages cache = job.cache();
        PageTables tables = job.tables();
        int row = blocks.start(block);
        int sequence = blocks.run(block);
        int width = heads.width();
        int seen = job.batch().position(row) + 1;
        int keys = seen + blocks.rows(block) - 1;
        int firstPage = firstPage(seen - 1);
        int pages = KvPages.count(keys) - firstPage;
        int before = firstPage * KvPages.TOKENS; // keys that no row of the block sees
        int skipped = heads.first(seen - 1) - before; // and these of the first page
        int rows = keyHeads * each;
        int queryCol = (keyHead * heads.group() + inGroup) * width;
        long queryRow = single ? (long) width * Float.BYTES : qkv.stride() * Float.BYTES;
        long outRow = single ? (long) width * Float.BYTES : o.stride() * Float.BYTES;

        // Queries (rows, width), scores (rows, pages · P), results (rows, width and what whole tiles write behind),
        // inverses of sums (rows).
        int outStride = Math.ceilDiv(width, 4 * LANES) * 4 * LANES;
        int scoreStride = pages * KvPages.TOKENS;
        int scoresAt = rows * width;
        int outAt = scoresAt + rows * scoreStride;
        int end = outAt + rows * outStride;
        float[] x = workers.floats(worker, end + rows);
        Arrays.fill(x, scoresAt, end, 0f);
        for (int r = 0; r < rows; r++) {
            VectorGemm.copy(
                    qkv.data(), qkv.offset(row, queryCol) + r * queryRow, x, r * width, width, workers.rounds());
        }
        for (int i = 0; i < pages; i++) {
            int page = tables.page(sequence, firstPage + i);
            Tensor slab = cache.slab(page);
            for (int head = 0; head < keyHeads; head++) {
                long keyAt = slab.offset(cache.row(page), KvPages.keyCol(heads, keyHead + head, 0));
                int from = head * each;
                int to = scoresAt + from * scoreStride + i * KvPages.TOKENS;
                int query = from * width;
                PageKernels.addTo(
                        x,
                        to,
                        scoreStride,
                        x,
                        query,
                        width,
                        slab.data(),
                        keyAt,
                        PAGE_BYTES,
                        each,
                        KvPages.TOKENS,
                        width);
            }
        }
        int more = single ? 0 : 1;
        Softmax.inPlace(
                workers.sum(worker),
                x,
                scoresAt,
                scoreStride,
                before % AttentionKernels.DEPTH,
                rows,
                seen - before,
                more,
                heads.window() == 0 ? keys : heads.window(),
                keys - before,
                scale,
                end);
        if (workers.rounds()) {
            Bf16.round(x, scoresAt, rows * scoreStride);
        }
        for (int i = 0; i < pages; i++) {
            int page = tables.page(sequence, firstPage + i);
            Tensor slab = cache.slab(page);
            int start = i == 0 ? skipped : 0;
            int depth = Math.min(KvPages.TOKENS, keys - before - i * KvPages.TOKENS) - start;
            for (int head = 0; head < keyHeads; head++) {
                // The last tile reads on behind a row of values: into the next, or into the page's keys.
                long valueAt = slab.offset(cache.row(page), KvPages.valueCol(heads, keyHead + head, start));
                int from = head * each;
                int to = outAt + from * outStride;
                int weight = scoresAt + from * scoreStride + i * KvPages.TOKENS + start;
                long valueBytes = (long) width * Float.BYTES;
                PageKernels.addTo(
                        x, to, outStride, x, weight, scoreStride, slab.data(), valueAt, valueBytes, each, width, depth);
            }
        }
        for (int r = 0; r < rows; r++) {
            scaled(x, outAt + r * outStride, width, x[end + r], o.data(), o.offset(row, queryCol) + r * outRow);
        }
    }

    /** {@code n} floats times a factor. */
    private static void scaled(float[] from, int at, int n, float factor, MemorySegment to, long out) {
        int j = 0;
        for (; j + LANES <= n; j += LANES) {
            FloatVector.fromArray(S, from, at + j).mul(factor).intoMemorySegment(to, out + 4L * j, ORDER);
        }
        for (; j < n; j++) {
            to.set(FLOAT, out + 4L * j, from[at + j] * factor);
        }
    }
}
