package candor.ops.weight;

import candor.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** A weight of float32. */
public record F32Weight(Tensor tensor) implements PlainWeight {
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

    @Override
    public void widen(float[] to, int at, int row, int col, int count) {
        MemorySegment.copy(tensor.data(), FLOAT, tensor.offset(row, col), to, at, count);
    }
}
