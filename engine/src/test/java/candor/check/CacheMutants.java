package candor.check;

import static candor.check.Mutant.TOO_FAR;
import static candor.check.RowMutants.like;

import candor.ops.Batch;
import candor.ops.KvPages;
import candor.ops.PageTables;
import candor.ops.op.AttentionCached;
import candor.ops.op.CacheWrite;
import candor.tensor.Tensor;
import java.util.Arrays;
import java.util.stream.Stream;

/** Bugs in the operations on a paged cache. */
final class CacheMutants {
    private CacheMutants() {}

    private interface Write {
        void run(Naive right, KvPages cache, Tensor qkv, Batch batch, PageTables tables);
    }

    private interface WrongAttention {
        void run(Naive right, Tensor o, Tensor qkv, KvPages cache, Batch batch, PageTables tables);
    }

    static Stream<Mutant> all() {
        return Stream.of(
                write("takes queries for keys", TOO_FAR, (right, cache, qkv, batch, tables) -> {
                    Tensor turned = like(qkv);
                    for (int n = 0; n < qkv.rows(); n++) {
                        float[] row = Floats.row(qkv, n);
                        System.arraycopy(
                                row,
                                0,
                                row,
                                cache.heads().queryCols(),
                                cache.heads().keyCols());
                        Floats.put(turned, n, row);
                    }
                    right.cacheWrite(cache, turned, batch, tables);
                }),
                write(
                        "starts every sequence at position 0",
                        "must be left alone",
                        (right, cache, qkv, batch, tables) -> right.cacheWrite(cache, qkv, moved(batch, 0), tables)),
                write("writes the token behind too", "must be left alone", (right, cache, qkv, batch, tables) -> {
                    int page = tables.page(0, batch.position(0) / KvPages.TOKENS);
                    int behind = (batch.position(0) + batch.length(0)) % KvPages.TOKENS;
                    right.cacheWrite(cache, qkv, batch, tables);
                    cache.slab(page).set(cache.row(page), KvPages.keyCol(cache.heads(), 0, behind), 1);
                }),
                write("drops the last row", "was not written", (right, cache, qkv, batch, tables) -> {
                    int last = batch.sequenceCount() - 1;
                    if (batch.length(last) > 1) {
                        right.cacheWrite(cache, qkv, shorter(batch), tables);
                    } else {
                        right.cacheWrite(cache, qkv, batch, tables);
                    }
                }),
                attention(
                        "sees one key too many",
                        "is NaN",
                        (right, o, qkv, cache, batch, tables) ->
                                right.attentionCached(o, qkv, cache, moved(batch, 1), longer(tables, batch))),
                attention(
                        "sees one key too few",
                        TOO_FAR,
                        (right, o, qkv, cache, batch, tables) ->
                                right.attentionCached(o, qkv, cache, moved(batch, -1), tables)),
                attention("looks a token too far back", "is NaN", (right, o, qkv, cache, batch, tables) -> {
                    KvPages farther = new KvPages(ScoreMutants.farther(cache.heads()), cache.slabPages());
                    for (int page = 0; page < cache.pages(); page += cache.slabPages()) {
                        farther.add(cache.slab(page));
                    }
                    right.attentionCached(o, qkv, farther, batch, tables);
                }),
                attention("takes the pages in the order of the memory", "", (right, o, qkv, cache, batch, tables) -> {
                    int[][] pages = new int[batch.sequenceCount()][];
                    for (int s = 0; s < pages.length; s++) {
                        pages[s] = new int[tables.count(s)];
                        Arrays.setAll(pages[s], i -> i);
                    }
                    right.attentionCached(o, qkv, cache, batch, new PageTables(pages));
                }),
                attention("gives every sequence the pages of the first", "", (right, o, qkv, cache, batch, tables) -> {
                    int[][] pages = new int[batch.sequenceCount()][];
                    for (int s = 0; s < pages.length; s++) {
                        pages[s] = new int[tables.count(s)];
                        Arrays.setAll(pages[s], i -> tables.page(0, Math.min(i, tables.count(0) - 1)));
                    }
                    right.attentionCached(o, qkv, cache, batch, new PageTables(pages));
                }));
    }

    /** Each sequence so many positions further on, where that is not before the first; 0 stands for the first position. */
    private static Batch moved(Batch batch, int by) {
        int[] tokens = new int[batch.tokenCount()];
        int[] positions = new int[batch.tokenCount()];
        int[] targets = new int[batch.tokenCount()];
        int[] starts = new int[batch.sequenceCount() + 1];
        int[] slots = new int[batch.sequenceCount()];
        Arrays.setAll(tokens, batch::token);
        Arrays.setAll(targets, batch::target);
        Arrays.setAll(starts, batch::start);
        Arrays.setAll(slots, batch::slot);
        for (int s = 0; s < slots.length; s++) {
            int first = batch.position(starts[s]);
            for (int row = starts[s]; row < starts[s + 1]; row++) {
                positions[row] = row - starts[s] + (by == 0 ? 0 : Math.max(0, first + by));
            }
        }
        return new Batch(tokens, positions, targets, starts, slots);
    }

    private static Batch shorter(Batch batch) {
        int[] starts = new int[batch.sequenceCount() + 1];
        int[] slots = new int[batch.sequenceCount()];
        Arrays.setAll(starts, batch::start);
        Arrays.setAll(slots, batch::slot);
        int count = --starts[slots.length];
        int[] tokens = new int[count];
        int[] positions = new int[count];
        int[] targets = new int[count];
        Arrays.setAll(tokens, batch::token);
        Arrays.setAll(positions, batch::position);
        Arrays.setAll(targets, batch::target);
        return new Batch(tokens, positions, targets, starts, slots);
    }

    /** Each table with its last page once more, for a position that may lie behind it. */
    private static PageTables longer(PageTables tables, Batch batch) {
        int[][] pages = new int[batch.sequenceCount()][];
        for (int s = 0; s < pages.length; s++) {
            int sequence = s;
            pages[s] = new int[tables.count(s) + 1];
            Arrays.setAll(pages[s], i -> tables.page(sequence, Math.min(i, tables.count(sequence) - 1)));
        }
        return new PageTables(pages);
    }

    private static Mutant write(String bug, String reason, Write wrong) {
        return Mutant.of(
                CacheWrite.class,
                bug,
                reason,
                (right, op) -> wrong.run(right, op.cache(), op.qkv(), op.batch(), op.tables()));
    }

    private static Mutant attention(String bug, String reason, WrongAttention wrong) {
        return Mutant.of(
                AttentionCached.class,
                bug,
                reason,
                (right, op) -> wrong.run(right, op.o(), op.qkv(), op.cache(), op.batch(), op.tables()));
    }
}
