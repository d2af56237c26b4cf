package candor.ops.op;

import candor.tensor.DType;

/**
 * One operation on its operands, to be run by a {@link candor.ops.Backend}. Making one touches no memory and checks nothing, so
 * it can be asked what it costs before anything runs.
 */
public sealed interface Op
        permits Accumulate,
                AdamW,
                AdamW8bit,
                Affine,
                Attention,
                AttentionBackward,
                AttentionCached,
                CacheWrite,
                Dropout,
                Embed,
                EmbedBackward,
                Epilogue,
                GatherTargets,
                GeGluBackward,
                Linear,
                LinearBackward,
                LinearBiasGradient,
                LinearWeightGradient,
                Linears,
                LinearsBackward,
                LogProb,
                LogProbBackward,
                LogProbHeadGradient,
                Logits,
                RmsNorm,
                RmsNormBackward,
                RmsNormWeightGradient,
                RopeBackward,
                SampleTokens,
                ScatterTargets,
                SumOfSquares,
                SwiGluBackward,
                Zero {
    /** The name that recordings, profiles and the checker's table know it by: that of its method in {@link candor.ops.Ops}. */
    String name();

    /** The name, with the shape of the weight where that decides the time. */
    default String label() {
        return name();
    }

    /**
     * Says what is wrong with shapes, types, token ids, positions or pages, before a kernel could read behind them.
     *
     * @param activations of the backend that is to run it
     * @throws IllegalArgumentException where something does not fit
     */
    void check(DType activations);

    /** Rows of the operand that has one for each token, or target. */
    int rows();

    /** Multiplications and additions of its matrix products; 0 where memory alone counts. */
    default long flops() {
        return 0;
    }

    /** Bytes of its operands, as far as they must be read or written, each moved once: what it costs in memory at least. */
    long bytes();
}
