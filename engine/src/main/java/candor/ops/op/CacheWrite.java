package candor.ops.op;

import candor.ops.Batch;
import candor.ops.KvPages;
import candor.ops.PageTables;
import candor.tensor.DType;
import candor.tensor.Tensor;

/**
 * Puts the keys and values of the batch's tokens into the cache, each at its token's position.
 *
 * @param cache  =, the elements of these positions; all others are left alone
 * @param qkv    (N, (H + 2K)·D); the queries are not read
 * @param tables the pages of the batch's sequences
 */
public record CacheWrite(KvPages cache, Tensor qkv, Batch batch, PageTables tables) implements Op {
    @Override
    public String name() {
        return "cacheWrite";
    }

    @Override
    public void check(DType activations) {
        Operands.cached(name(), activations, qkv, cache, batch, tables);
    }

    @Override
    public int rows() {
        return qkv.rows();
    }

    /** Keys and values, from one place to the other. */
    @Override
    public long bytes() {
        return 2L * qkv.rows() * 2 * cache.heads().keyCols() * qkv.dtype().bytes();
    }
}
