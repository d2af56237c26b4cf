package candor.ops.cpu;

import static candor.ops.cpu.TileKernels.COLUMNS;
import static candor.ops.cpu.TileKernels.FLOAT;

import candor.ops.Batch;
import candor.ops.Heads;
import candor.ops.KvPages;
import candor.ops.PageTables;
import candor.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/**
 * Attention to a paged cache, for prompts and single tokens alike. A page is laid out as the tile kernels read B, so nothing
 * is packed: scores are the product of query rows with the keys of each page, the result that of their softmax with its
 * values. Every sum runs over the keys from the first to the last, as in {@link AttentionOps}, whatever the number of rows.
 *
 * <p>A task is a block of rows of one sequence, and one key head with all query heads that share it. Where the block is a
 * single row, these heads are the rows of one product.
 */
final class CacheOps {
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

    CacheOps(Workers workers) {
        this.workers = workers;
    }

    void write(KvPages cacheOut, Tensor qkvIn, Batch sequences, PageTables pages) {
        take(null, qkvIn, cacheOut, sequences, pages);
        workers.run(blocks.count(), write);
    }

    void attention(Tensor out, Tensor qkvIn, KvPages cacheIn, Batch sequences, PageTables pages) {
        take(out, qkvIn, cacheIn, sequences, pages);
        scale = (float) (1 / Math.sqrt(heads.width()));
        workers.run(blocks.count() * heads.key(), attend);
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
                    qkv.data(), qkv.offset(row, keyCol + heads.keyCols()), slab.data(), value, (long) width * Float.BYTES);
            long from = qkv.offset(row, keyCol);
            long to = slab.offset(page, KvPages.keyCol(heads, head, token));
            for (int d = 0; d < width; d++) {
                slab.data().set(FLOAT, to + (long) d * KvPages.TOKENS * Float.BYTES, qkv.data().get(FLOAT, from + 4L * d));
            }
        }
    }

    private void attendBlock(int index, int worker) {
        int block = index / heads.key();
        int keyHead = index % heads.key();
        int row = blocks.start(block);
        int rows = blocks.rows(block);
        int sequence = blocks.run(block);
        int seen = batch.position(row) + 1;
        int first = keyHead * heads.group();
        long width = (long) heads.width() * Float.BYTES;
        if (rows == 1) {
            product(
                    worker, sequence, keyHead, heads.group(), seen, 0,
                    qkv.offset(row, first * heads.width()), width, o.offset(row, first * heads.width()), width);
            return;
        }
        for (int head = first; head < first + heads.group(); head++) {
            product(
                    worker, sequence, keyHead, rows, seen, 1,
                    qkv.offset(row, head * heads.width()), qkv.stride() * Float.BYTES,
                    o.offset(row, head * heads.width()), o.stride() * Float.BYTES);
        }
    }

    /**
     * @param seen how many keys the first row sees
     * @param more how many more each further row sees
     */
    private void product(
            int worker, int sequence, int keyHead, int rows, int seen, int more, long q, long qs, long out, long os) {
        int width = heads.width();
        int keys = seen + more * (rows - 1);
        int pages = KvPages.count(keys);
        long pageBytes = (long) KvPages.TOKENS * Float.BYTES;
        long rowBytes = pages * pageBytes;
        long panel = (long) COLUMNS * Float.BYTES;
        MemorySegment scores = workers.scratch(worker, rows * rowBytes);
        Gemm gemm = workers.gemm(worker);
        for (int i = 0; i < pages; i++) {
            int page = tables.page(sequence, i);
            Tensor slab = cache.slab(page);
            gemm.block(
                    rows, KvPages.TOKENS, width,
                    qkv.data(), q, qs, Float.BYTES,
                    slab.data(), slab.offset(cache.row(page), KvPages.keyCol(heads, keyHead, 0)), pageBytes, panel,
                    null, 0, 0,
                    scores, i * pageBytes, rowBytes);
        }
        for (int r = 0; r < rows; r++) {
            AttentionOps.softmax(workers.sum(worker), scores, r * rowBytes, seen + r * more, keys, scale);
        }
        for (int i = 0; i < pages; i++) {
            int page = tables.page(sequence, i);
            Tensor slab = cache.slab(page);
            gemm.block(
                    rows, width, Math.min(KvPages.TOKENS, keys - i * KvPages.TOKENS),
                    scores, i * pageBytes, rowBytes, Float.BYTES,
                    // The last panel reads on behind a row of values: into the next, or into the page's keys.
                    slab.data(), slab.offset(cache.row(page), KvPages.valueCol(heads, keyHead, 0)), (long) width * Float.BYTES, panel,
                    i == 0 ? null : o.data(), out, os,
                    o.data(), out, os);
        }
    }
}
