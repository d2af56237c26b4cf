package candor.ops.weight;

import candor.tensor.DType;
import candor.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** A frozen weight as it is stored, in memory that Java can read. What a form is, is known here and in its class alone. */
public interface StoredWeight extends FrozenWeight {
    /** What is widened at a time. */
    int PIECE = 256;

    /** One number after another: float32, bf16 or f16. It is a view of the same memory. */
    static StoredWeight of(Tensor tensor) {
        return switch (PlainForm.of(tensor.dtype())) {
            case F32 -> new F32Weight(tensor);
            case BF16 -> new Bf16Weight(tensor);
            case F16 -> new F16Weight(tensor);
        };
    }

    /**
     * A weight that Java can read.
     *
     * @throws IllegalArgumentException where a backend keeps it elsewhere
     */
    static StoredWeight of(Weight weight) {
        return switch (weight) {
            case StoredWeight stored -> stored;
            case TrainedWeight trained -> of(trained.value());
            case FrozenWeight elsewhere ->
                throw new IllegalArgumentException("a backend keeps it, in an order of its own: " + elsewhere.shape());
        };
    }

    /**
     * Neighbouring elements of a row as float32.
     *
     * @param to  where they go, from {@code at} on
     * @param col the first of them
     */
    void widen(float[] to, int at, int row, int col, int count);

    /** One element. For checks; whoever wants many widens them. */
    default double get(int row, int col) {
        float[] one = new float[1];
        widen(one, 0, row, col, 1);
        return one[0];
    }

    /** All elements of a row. */
    default float[] row(int row) {
        float[] values = new float[cols()];
        widen(values, 0, row, 0, cols());
        return values;
    }

    /** Neighbouring elements of a row, rounded to bf16, into memory from byte {@code at} on. */
    default void roundToBf16(MemorySegment to, long at, int row, int col, int count) {
        float[] piece = new float[Math.min(PIECE, count)];
        for (int from = 0; from < count; from += PIECE) {
            int n = Math.min(PIECE, count - from);
            widen(piece, 0, row, col + from, n);
            for (int i = 0; i < n; i++) {
                long byteAt = at + (long) (from + i) * Short.BYTES;
                to.set(ValueLayout.JAVA_SHORT_UNALIGNED, byteAt, DType.floatToBf16(piece[i]));
            }
        }
    }

    @Override
    default boolean fits(DType activations) {
        return activations == DType.F32;
    }
}
