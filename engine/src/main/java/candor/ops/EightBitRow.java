package candor.ops;

import candor.tensor.DType;
import candor.tensor.Tensor;

/**
 * A row of numbers in eight bits, by block-wise dynamic quantisation (Dettmers et al. 2021, arXiv 2110.02861): blocks of 256, as
 * bitsandbytes has them today (2048 in the paper), the last one shorter. A number is a value of a map ({@link
 * candor.ops.weight.DynamicMap}), which its code names, times the largest magnitude of its block.
 *
 * @param codes   (1, P)
 * @param largest (1, ⌈P/256⌉) float32
 */
public record EightBitRow(Tensor codes, Tensor largest) {
    /** Elements of a block. */
    public static final int BLOCK = 256;

    /** How many blocks so many elements have. */
    public static int blocks(int elements) {
        return Math.ceilDiv(elements, BLOCK);
    }

    /** Bytes of so many elements. */
    public static long bytes(long elements) {
        return elements * DType.U8.bytes() + Math.ceilDiv(elements, (long) BLOCK) * DType.F32.bytes();
    }
}
