package candor.ops.cuda;

import static candor.bindings.generated.CandorKernels.candor_attention;
import static candor.bindings.generated.CandorKernels.candor_attention_backward;
import static candor.bindings.generated.CandorKernels.candor_attention_cached;
import static candor.bindings.generated.CandorKernels.candor_cache_write;
import static candor.ops.cuda.Call.address;

import candor.ops.Batch;
import candor.ops.Heads;
import candor.tensor.Tensor;

/** Calls of attention, with a cache and without. */
final class AttentionCalls {
    private AttentionCalls() {}

    /**
     * Where sequences of a batch begin.
     *
     * @param starts  (S + 1) on the device
     * @param count   S
     * @param longest rows of the longest, or more
     */
    record Sequences(long starts, int count, int longest) {
        /** Rows that a block takes: as many blocks are launched for any length in between. */
        private static final int TILE = 64;

        /** In whole tiles, so that batches whose longest sequences differ by little make the same call. */
        static Sequences inTiles(BatchOnDevice there, Batch batch) {
            return new Sequences(there.starts(), batch.sequenceCount(), Math.ceilDiv(batch.longest(), TILE) * TILE);
        }

        static Sequences of(BatchOnDevice there, Batch batch) {
            return new Sequences(there.starts(), batch.sequenceCount(), batch.longest());
        }
    }

    /** The cache of one layer: addresses on the device of what the border describes by the same names. */
    record Cache(long slabs, long slabStride, int slabPages, long pages, long firstPage) {}

    record Attention(Tensor o, Tensor lse, Tensor qkv, Heads heads, Sequences sequences) implements Call {
        @Override
        public int issue(Arguments to) {
            return candor_attention(
                    o.data(),
                    o.stride(),
                    lse.data(),
                    lse.stride(),
                    qkv.data(),
                    qkv.stride(),
                    address(sequences.starts),
                    sequences.count,
                    sequences.longest,
                    qkv.rows(),
                    heads.query(),
                    heads.key(),
                    heads.width(),
                    to.stream());
        }
    }

    record AttentionBackward(
            Tensor dqkv, Tensor dout, Tensor qkv, Tensor o, Tensor lse, Heads heads, Sequences sequences)
            implements Call {
        @Override
        public int issue(Arguments to) {
            return candor_attention_backward(
                    dqkv.data(),
                    dqkv.stride(),
                    dout.data(),
                    dout.stride(),
                    qkv.data(),
                    qkv.stride(),
                    o.data(),
                    o.stride(),
                    lse.data(),
                    lse.stride(),
                    address(sequences.starts),
                    sequences.count,
                    sequences.longest,
                    qkv.rows(),
                    heads.query(),
                    heads.key(),
                    heads.width(),
                    to.stream());
        }
    }

    /**
     * @param positions  (N) on the device
     * @param sequenceOf (N) on the device
     */
    record CacheWrite(Cache cache, Tensor qkv, Heads heads, long positions, long sequenceOf) implements Call {
        @Override
        public int issue(Arguments to) {
            return candor_cache_write(
                    address(cache.slabs),
                    cache.slabStride,
                    cache.slabPages,
                    qkv.data(),
                    qkv.stride(),
                    address(cache.pages),
                    address(cache.firstPage),
                    address(positions),
                    address(sequenceOf),
                    qkv.rows(),
                    heads.query(),
                    heads.key(),
                    heads.width(),
                    to.stream());
        }
    }

    /**
     * @param positions  (N) on the device
     * @param sequenceOf (N) on the device
     */
    record AttentionCached(
            Tensor o, Tensor qkv, Heads heads, Cache cache, long positions, long sequenceOf, Sequences sequences)
            implements Call {
        @Override
        public int issue(Arguments to) {
            return candor_attention_cached(
                    o.data(),
                    o.stride(),
                    qkv.data(),
                    qkv.stride(),
                    address(cache.slabs),
                    cache.slabStride,
                    cache.slabPages,
                    address(cache.pages),
                    address(cache.firstPage),
                    address(positions),
                    address(sequenceOf),
                    address(sequences.starts),
                    sequences.count,
                    sequences.longest,
                    qkv.rows(),
                    heads.query(),
                    heads.key(),
                    heads.width(),
                    to.stream());
        }
    }
}
