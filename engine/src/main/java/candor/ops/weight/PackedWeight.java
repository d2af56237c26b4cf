package candor.ops.weight;

import candor.BadInput;
import candor.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A weight in fewer bits than numbers have. What it stands for is numbers of bf16: each class says how they follow from its
 * bytes, in products of float32 that are rounded to bf16 at the end. So whoever multiplies with them, in whatever type, has
 * the very same numbers.
 */
public sealed interface PackedWeight extends StoredWeight permits Nf4Weight, Int8Weight, Fp8Weight {
    @Override
    PackedForm form();

    @Override
    default boolean fits(DType activations) {
        return activations == DType.F32 || activations == DType.BF16;
    }

    /** Elements from one on, the rows one after the other: some of a row, then of the next. */
    static void flat(StoredWeight w, long from, float[] to, int count) {
        int done = 0;
        while (done < count) {
            int row = (int) ((from + done) / w.cols());
            int col = (int) ((from + done) % w.cols());
            int n = Math.min(count - done, w.cols() - col);
            w.widen(to, done, row, col, n);
            done += n;
        }
    }

    /** The largest absolute value of some numbers; a {@link BadInput} where one is not finite. */
    static float absmax(float[] values, int from, int count) {
        float largest = 0;
        float check = 0;
        for (int i = from; i < from + count; i++) {
            largest = Math.max(largest, Math.abs(values[i]));
            check += 0 * values[i]; // NaN from then on
        }
        if (check != 0 || Float.isNaN(check)) {
            throw new BadInput("holds a number that is not finite, which no packed form can say");
        }
        return largest;
    }

    /** Rounded to bf16. */
    static float rounded(float value) {
        return DType.bf16ToFloat(DType.floatToBf16(value));
    }

    /** A float32 of memory that may begin anywhere. */
    static float floatAt(MemorySegment memory, long index) {
        return memory.get(ValueLayout.JAVA_FLOAT_UNALIGNED, index * Float.BYTES);
    }

    /** Refuses memory of another size. */
    static void requireBytes(String what, MemorySegment memory, long bytes) {
        if (memory.byteSize() != bytes) {
            throw new IllegalArgumentException(what + ": " + memory.byteSize() + " bytes, not " + bytes);
        }
    }
}
