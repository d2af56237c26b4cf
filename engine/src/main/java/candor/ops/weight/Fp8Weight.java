package candor.ops.weight;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.stream.IntStream;

/**
 * Eight-bit numbers ({@link E4m3}) and a scale for each square of 128 rows by 128 columns, the last of them smaller, as fp8 checkpoints
 * of Qwen 3 and DeepSeek V3 (arXiv 2412.19437, section 3.3) are published. An element is bf16(number · scale), the product in
 * float32. Packed here, a square's scale is its absmax / 448, so that the largest element becomes the largest number.
 *
 * @param codes  O·I bytes, none of them {@link E4m3}'s NaN
 * @param scales float32, ⌈O/128⌉ · ⌈I/128⌉, row after row
 */
public record Fp8Weight(int rows, int cols, MemorySegment codes, MemorySegment scales) implements PackedWeight {
    /** Rows and columns of a square. */
    public static final int BLOCK = 128;

    public Fp8Weight {
        PackedWeight.requireBytes("codes", codes, (long) rows * cols);
        PackedWeight.requireBytes("scales", scales, Float.BYTES * blocks(rows) * blocks(cols));
    }

    /** Squares along so many rows or columns. */
    public static long blocks(long count) {
        return Math.ceilDiv(count, BLOCK);
    }

    /** Packs a weight. */
    static Fp8Weight pack(StoredWeight w, Arena arena) {
        MemorySegment codes = arena.allocate((long) w.rows() * w.cols(), Long.BYTES);
        MemorySegment scales = arena.allocate(ValueLayout.JAVA_FLOAT, blocks(w.rows()) * blocks(w.cols()));
        IntStream.range(0, (int) blocks(w.rows())).parallel().forEach(band -> pack(w, band, codes, scales));
        return new Fp8Weight(w.rows(), w.cols(), codes, scales);
    }

    /** One row of squares. */
    private static void pack(StoredWeight w, int band, MemorySegment codes, MemorySegment scales) {
        int last = Math.min(w.rows(), (band + 1) * BLOCK);
        float[] values = new float[BLOCK];
        for (int col = 0; col < w.cols(); col += BLOCK) {
            int n = Math.min(BLOCK, w.cols() - col);
            float largest = 0;
            for (int row = band * BLOCK; row < last; row++) {
                w.widen(values, 0, row, col, n);
                largest = Math.max(largest, PackedWeight.absmax(values, 0, n));
            }
            float scale = largest / E4m3.MOST;
            scale = scale == 0 ? 1 : scale;
            scales.setAtIndex(ValueLayout.JAVA_FLOAT, band * blocks(w.cols()) + col / BLOCK, scale);
            for (int row = band * BLOCK; row < last; row++) {
                w.widen(values, 0, row, col, n);
                long at = (long) row * w.cols() + col;
                for (int i = 0; i < n; i++) {
                    codes.set(ValueLayout.JAVA_BYTE, at + i, E4m3.of(values[i] / scale));
                }
            }
        }
    }

    @Override
    public PackedForm form() {
        return PackedForm.FP8;
    }

    /** Of the square that holds an element. */
    public float scale(int row, int col) {
        return PackedWeight.floatAt(scales, row / BLOCK * blocks(cols) + col / BLOCK);
    }

    @Override
    public void widen(float[] to, int at, int row, int col, int count) {
        long from = (long) row * cols + col;
        int done = 0;
        while (done < count) {
            int n = Math.min(count - done, BLOCK - (col + done) % BLOCK);
            float scale = scale(row, col + done);
            for (int i = done; i < done + n; i++) {
                to[at + i] = PackedWeight.rounded(E4m3.value(codes.get(ValueLayout.JAVA_BYTE, from + i)) * scale);
            }
            done += n;
        }
    }
}
