package candor.ops.weight;

import candor.tensor.DType;
import candor.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** A weight of bf16. */
public record Bf16Weight(Tensor tensor) implements PlainWeight {
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;

    @Override
    public void widen(float[] to, int at, int row, int col, int count) {
        MemorySegment data = tensor.data();
        long from = tensor.offset(row, col);
        for (int i = 0; i < count; i++) {
            to[at + i] = DType.bf16ToFloat(data.get(SHORT, from + 2L * i));
        }
    }

    /** As it is. */
    @Override
    public void roundToBf16(MemorySegment to, long at, int row, int col, int count) {
        MemorySegment.copy(tensor.data(), tensor.offset(row, col), to, at, (long) count * Short.BYTES);
    }

    @Override
    public boolean fits(DType activations) {
        return activations == DType.F32 || activations == DType.BF16;
    }
}
