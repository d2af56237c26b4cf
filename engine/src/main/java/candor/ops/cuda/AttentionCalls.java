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

    /** The cache of one layer: addresses on the device of what candor_kernels.h describes by the same names. */
    record Cache(long slabs, long slabStride, int slabPages, long pages, long firstPage) {}

    record Attention(Tensor o, Tensor lse, Tensor qkv, Heads heads, Sequences sequences) implements Call {
        @Override
        public int issue(Arguments to) {
            return candor_attention(
                    to.matrix(o),
                    to.matrix(lse),
                    to.matrix(qkv),
                    to.heads(heads),
                    to.sequences(sequences),
                    to.stream());
        }
    }

    record AttentionBackward(
            Tensor dqkv, Tensor dout, Tensor qkv, Tensor o, Tensor lse, Heads heads, Sequences sequences)
            implements Call {
        @Override
        public int issue(Arguments to) {
            return candor_attention_backward(
                    to.matrix(dqkv),
                    to.matrix(dout),
                    to.matrix(qkv),
                    to.matrix(o),
                    to.matrix(lse),
                    to.heads(heads),
                    to.sequences(sequences),
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
                    to.cache(cache),
                    to.matrix(qkv),
                    to.heads(heads),
                    address(positions),
                    address(sequenceOf),
                    to.stream());
        }
    }

    /** @param positions (N) on the device */
    record AttentionCached(Tensor o, Tensor qkv, Heads heads, Cache cache, long positions, Sequences sequences)
            implements Call {
        @Override
        public int issue(Arguments to) {
            return candor_attention_cached(
                    to.matrix(o),
                    to.matrix(qkv),
                    to.cache(cache),
                    to.heads(heads),
                    address(positions),
                    to.sequences(sequences),
                    to.stream());
        }
    }
}
