package candor.ops.op;

import candor.ops.Batch;
import candor.ops.Heads;
import candor.ops.KvPages;
import candor.ops.PageTables;
import candor.tensor.DType;
import candor.tensor.Tensor;

/**
 * Causal softmax attention, scaled by 1/√D, to keys and values in a cache: a token at position p attends to positions 0 to p
 * of its sequence, or the last of them that are in the cache's {@link Heads#window}. The result is the same, bit for bit, however a sequence is cut into batches, and equals
 * {@link Attention} over the whole.
 *
 * @param o      (N, H·D) =
 * @param qkv    (N, (H + 2K)·D); only the queries are read: {@link CacheWrite} came first
 * @param cache  holds the keys and values of every position up to the batch's own
 * @param tables the pages of the batch's sequences
 */
public record AttentionCached(Tensor o, Tensor qkv, KvPages cache, Batch batch, PageTables tables) implements Op {
    @Override
    public String name() {
        return "attentionCached";
    }

    @Override
    public void check(DType activations) {
        Operands.cached(name(), activations, qkv, cache, batch, tables);
        Operands.shape(name(), activations, o, batch.tokenCount(), cache.heads().queryCols());
    }

    @Override
    public int rows() {
        return o.rows();
    }

    /** Two products: each token meets its position, and those before it that it attends to. */
    @Override
    public long flops() {
        long keys = 0;
        for (int row = 0; row < batch.tokenCount(); row++) {
            keys += batch.position(row) + 1 - cache.heads().first(batch.position(row));
        }
        return 2 * 2 * keys * cache.heads().queryCols();
    }

    /** Queries, results, and for each sequence the keys and values that it attends to. */
    @Override
    public long bytes() {
        Heads heads = cache.heads();
        long tokens = 0;
        for (int s = 0; s < batch.sequenceCount(); s++) {
            tokens += batch.position(batch.start(s + 1) - 1) + 1 - heads.first(batch.position(batch.start(s)));
        }
        return Operands.bytes(o)
                + o.dtype().bytes() * ((long) qkv.rows() * heads.queryCols() + tokens * 2 * heads.keyCols());
    }
}
