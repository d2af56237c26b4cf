package candor.ops.cpu;

import static candor.ops.cpu.TileKernels.COLUMNS;
import static candor.ops.cpu.TileKernels.FLOAT;
import static candor.ops.cpu.TileKernels.LANES;
import static candor.ops.cpu.TileKernels.ORDER;
import static candor.ops.cpu.TileKernels.S;

import candor.ops.Batch;
import candor.ops.Heads;
import candor.ops.KvPages;
import candor.ops.PageTables;
import candor.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * Attention to a paged cache, for prompts and single tokens alike. A page is laid out as the tile kernels read B, so nothing
 * is packed: scores are the product of query rows with the keys of each page, the result that of their softmax with its
 * values. Every sum runs over the keys from the first to the last, as in {@link AttentionOps}, whatever the number of rows.
 *
 * <p>A task is a block of rows of one sequence, with all key heads, or with one of them where there are few blocks. All query
 * heads that share a key head go with it; where the block is a single row, they are the rows of one product.
 */
final class CacheOps {
    /** Bytes from one row of a page's keys to the next, and of a row's scores of a page. */
    private static final long PAGE_BYTES = (long) KvPages.TOKENS * Float.BYTES;

    /** Bytes from one panel of a row to the next. */
    private static final long PANEL = (long) COLUMNS * Float.BYTES;

    private final Workers workers;
    private final RowBlocks blocks = new RowBlocks();
    private final Parallel.Task write = this::writeRows;
    private final Parallel.Task attend = this::attendBlock;

    // The operation in hand.
    private Tensor o;
    private Tensor qkv;
    private KvPages cache;
    private Heads heads;
    private Batch batch;
    private PageTables tables;
    private float scale;
    private int headTasks;

    CacheOps(Workers workers) {
        this.workers = workers;
    }

    void write(KvPages cacheOut, Tensor qkvIn, Batch sequences, PageTables pages) {
        take(null, qkvIn, cacheOut, sequences, pages);
        workers.run(blocks.count(), 2L * batch.tokenCount() * heads.keyCols(), write);
    }

    void attention(Tensor out, Tensor qkvIn, KvPages cacheIn, Batch sequences, PageTables pages) {
        take(out, qkvIn, cacheIn, sequences, pages);
        scale = (float) (1 / Math.sqrt(heads.width()));
        headTasks = blocks.count() >= 4 * workers.threads() ? 1 : heads.key();
        workers.run(blocks.count() * headTasks, attend);
    }

    private void take(Tensor out, Tensor in, KvPages kv, Batch sequences, PageTables pages) {
        o = out;
        qkv = in;
        cache = kv;
        heads = kv.heads();
        batch = sequences;
        tables = pages;
        blocks.cutSequences(batch, Workers.BLOCK);
    }

    private void writeRows(int block, int worker) {
        int sequence = blocks.run(block);
        int end = blocks.start(block) + blocks.rows(block);
        for (int row = blocks.start(block); row < end; row++) {
            int position = batch.position(row);
            int page = tables.page(sequence, position / KvPages.TOKENS);
            writeToken(row, cache.slab(page), cache.row(page), position % KvPages.TOKENS);
        }
    }

    private void writeToken(int row, Tensor slab, int page, int token) {
        int width = heads.width();
        for (int head = 0; head < heads.key(); head++) {
            int keyCol = heads.queryCols() + head * width;
            long value = slab.offset(page, KvPages.valueCol(heads, head, token));
            MemorySegment.copy(
                    qkv.data(),
                    qkv.offset(row, keyCol + heads.keyCols()),
                    slab.data(),
                    value,
                    (long) width * Float.BYTES);
            long from = qkv.offset(row, keyCol);
            long to = slab.offset(page, KvPages.keyCol(heads, head, token));
            for (int d = 0; d < width; d++) {
                slab.data()
                        .set(
                                FLOAT,
                                to + (long) d * KvPages.TOKENS * Float.BYTES,
                                qkv.data().get(FLOAT, from + 4L * d));
            }
        }
    }

    private void attendBlock(int index, int worker) {
        int block = index / headTasks;
        int keyHeads = heads.key() / headTasks;
        int from = index % headTasks * keyHeads;
        if (blocks.rows(block) == 1) {
            attend(worker, block, from, keyHeads, -1);
            return;
        }
        for (int keyHead = from; keyHead < from + keyHeads; keyHead++) {
            for (int head = 0; head < heads.group(); head++) {
                attend(worker, block, keyHead, 1, head);
            }
        }
    }

    /**
     * Of a block of rows, one query head; of a single row, all query heads of some key heads. Pages are gone through from the
     * first to the last, and within a page from head to head, as they lie in memory.
     *
     * @param only the number of the query head among those that share its key head; −1 for all
     */
    private void attend(int worker, int block, int fromHead, int keyHeads, int only) {
        int row = blocks.start(block);
        int sequence = blocks.run(block);
        int width = heads.width();
        boolean single = only < 0;
        int rows = single ? heads.group() : blocks.rows(block);
        int seen = batch.position(row) + 1;
        int keys = seen + blocks.rows(block) - 1;
        int pages = KvPages.count(keys);
        long rowBytes = pages * PAGE_BYTES;
        long headBytes = rows * rowBytes;
        long widthBytes = (long) width * Float.BYTES;
        long qs = single ? widthBytes : qkv.stride() * Float.BYTES;
        long os = single ? widthBytes : o.stride() * Float.BYTES;
        MemorySegment scores = workers.scratch(worker, keyHeads * headBytes);
        PageGemm gemm = workers.pageGemm(worker);
        for (int i = 0; i < pages; i++) {
            int page = tables.page(sequence, i);
            Tensor slab = cache.slab(page);
            for (int h = 0; h < keyHeads; h++) {
                long keyAt = slab.offset(cache.row(page), KvPages.keyCol(heads, fromHead + h, 0));
                gemm.a(qkv.data(), qkv.offset(row, queryCol(fromHead + h, only)), qs)
                        .b(slab.data(), keyAt, PAGE_BYTES, PANEL)
                        .into(scores, h * headBytes + i * PAGE_BYTES, rowBytes, rows, KvPages.TOKENS, width);
            }
        }
        float[] inverse = workers.floats(worker, keyHeads * rows);
        for (int r = 0; r < keyHeads * rows; r++) {
            int n = single ? seen : seen + r;
            float max = Softmax.maximum(scores, r * rowBytes, n) * scale;
            float sum = Softmax.exponentials(workers.sum(worker), scores, r * rowBytes, n, keys, scale, max);
            inverse[r] = Float.isFinite(max) ? 1 / sum : Float.NaN; // the exponential hides it
        }
        for (int i = 0; i < pages; i++) {
            int page = tables.page(sequence, i);
            Tensor slab = cache.slab(page);
            int depth = Math.min(KvPages.TOKENS, keys - i * KvPages.TOKENS);
            for (int h = 0; h < keyHeads; h++) {
                long out = o.offset(row, queryCol(fromHead + h, only));
                // The last panel reads on behind a row of values: into the next, or into the page's keys.
                long valueAt = slab.offset(cache.row(page), KvPages.valueCol(heads, fromHead + h, 0));
                gemm.a(scores, h * headBytes + i * PAGE_BYTES, rowBytes).b(slab.data(), valueAt, widthBytes, PANEL);
                if (i > 0) {
                    gemm.init(o.data(), out, os);
                }
                gemm.into(o.data(), out, os, rows, width, depth);
            }
        }
        for (int h = 0; h < keyHeads; h++) {
            long out = o.offset(row, queryCol(fromHead + h, only));
            for (int r = 0; r < rows; r++) {
                scale(o.data(), out + r * os, width, inverse[h * rows + r]);
            }
        }
    }

    private static void scale(MemorySegment x, long at, int n, float factor) {
        int j = 0;
        for (; j + LANES <= n; j += LANES) {
            FloatVector.fromMemorySegment(S, x, at + 4L * j, ORDER)
                    .mul(factor)
                    .intoMemorySegment(x, at + 4L * j, ORDER);
        }
        for (; j < n; j++) {
            x.set(FLOAT, at + 4L * j, x.get(FLOAT, at + 4L * j) * factor);
        }
    }

    private int queryCol(int keyHead, int inGroup) {
        return (keyHead * heads.group() + Math.max(0, inGroup)) * heads.width();
    }
}
