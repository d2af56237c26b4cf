package candor.ops.weight;

import candor.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** A weight of f16. */
public record F16Weight(Tensor tensor) implements PlainWeight {
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;

    @Override
    public void widen(float[] to, int at, int row, int col, int count) {
        MemorySegment data = tensor.data();
        long from = tensor.offset(row, col);
        for (int i = 0; i < count; i++) {
            to[at + i] = Float.float16ToFloat(data.get(SHORT, from + 2L * i));
        }
    }
}
