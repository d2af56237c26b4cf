package candor.ops.weight;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.stream.IntStream;

/**
 * Whole numbers from −127 to 127 and the largest absolute value of each row, as LLM.int8() stores weights (Dettmers et al. 2022,
 * arXiv 2208.07339). An element is bf16(code · step), the row's step its absmax / 127; quotient and product in float32.
 *
 * @param codes  O·I bytes with a sign
 * @param absmax float32, one for each row
 */
public record Int8Weight(int rows, int cols, MemorySegment codes, MemorySegment absmax) implements PackedWeight {
    private static final int MOST = 127;

    public Int8Weight {
        PackedWeight.requireBytes("codes", codes, (long) rows * cols);
        PackedWeight.requireBytes("absmax", absmax, (long) Float.BYTES * rows);
    }

    /** Packs a weight. */
    static Int8Weight pack(StoredWeight w, Arena arena) {
        MemorySegment codes = arena.allocate((long) w.rows() * w.cols(), Long.BYTES);
        MemorySegment sizes = arena.allocate(ValueLayout.JAVA_FLOAT, w.rows());
        IntStream.range(0, w.rows()).parallel().forEach(row -> {
            float[] values = w.row(row);
            float largest = PackedWeight.absmax(values, 0, values.length);
            sizes.setAtIndex(ValueLayout.JAVA_FLOAT, row, largest);
            float inverse = largest == 0 ? 0 : 1 / largest * MOST;
            long at = (long) row * w.cols();
            for (int c = 0; c < values.length; c++) {
                float code = Math.clamp((float) Math.rint(values[c] * inverse), -MOST, MOST);
                codes.set(ValueLayout.JAVA_BYTE, at + c, (byte) code);
            }
        });
        return new Int8Weight(w.rows(), w.cols(), codes, sizes);
    }

    @Override
    public PackedForm form() {
        return PackedForm.INT8;
    }

    /** What a code of one means in a row. */
    public float step(int row) {
        return PackedWeight.floatAt(absmax, row) / MOST;
    }

    @Override
    public void widen(float[] to, int at, int row, int col, int count) {
        float step = step(row);
        long from = (long) row * cols + col;
        for (int i = 0; i < count; i++) {
            to[at + i] = PackedWeight.rounded(codes.get(ValueLayout.JAVA_BYTE, from + i) * step);
        }
    }
}
