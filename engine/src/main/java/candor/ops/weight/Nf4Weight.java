package candor.ops.weight;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.stream.IntStream;

/**
 * NF4 as bitsandbytes stores it (QLoRA, arXiv 2305.14314): elements row after row, in blocks of 64 that pay no heed to where a row
 * ends; two elements in a byte, the first in its upper half. An element is bf16({@link Nf4Code}[code] · absmax of its block),
 * the product in float32.
 *
 * @param codes  ⌈O·I/2⌉ bytes
 * @param absmax of ⌈O·I/64⌉ blocks
 */
public record Nf4Weight(int rows, int cols, MemorySegment codes, Absmax absmax) implements PackedWeight {
    /** Elements that share an absmax. */
    public static final int BLOCK = 64;

    /** Blocks that are packed at a time. */
    private static final int PIECE_BLOCKS = 256;

    /** Smaller than any number that a weight has: what stands in for zero as a divisor. */
    private static final float LEAST = 1e-38f;

    public Nf4Weight {
        long elements = (long) rows * cols;
        PackedWeight.requireBytes("codes", codes, Math.ceilDiv(elements, 2));
        if (absmax.blocks() != Math.ceilDiv(elements, BLOCK)) {
            throw new IllegalArgumentException(absmax.blocks() + " blocks for " + rows + " x " + cols);
        }
    }

    /** Packs a weight; the sizes of its blocks are quantised, too. */
    static Nf4Weight pack(StoredWeight w, Arena arena) {
        return new Packing(w, arena).run();
    }

    @Override
    public PackedForm form() {
        return PackedForm.NF4;
    }

    @Override
    public long bytes() {
        return codes.byteSize() + absmax.bytes();
    }

    @Override
    public void widen(float[] to, int at, int row, int col, int count) {
        long first = (long) row * cols + col;
        int done = 0;
        while (done < count) {
            long element = first + done;
            int n = (int) Math.min(count - done, BLOCK - element % BLOCK);
            float scale = absmax.of(element / BLOCK);
            for (int i = 0; i < n; i++) {
                to[at + done + i] = PackedWeight.rounded(Nf4Code.value(code(element + i)) * scale);
            }
            done += n;
        }
    }

    private int code(long element) {
        int both = codes.get(ValueLayout.JAVA_BYTE, element / 2);
        return (element % 2 == 0 ? both >> 4 : both) & 15;
    }

    /** A weight on its way into this form: pieces of whole blocks, then the sizes of all blocks. */
    private static final class Packing {
        private final StoredWeight w;
        private final Arena arena;
        private final long elements;
        private final float[] sizes;
        private final MemorySegment codes;

        Packing(StoredWeight w, Arena arena) {
            this.w = w;
            this.arena = arena;
            elements = (long) w.rows() * w.cols();
            sizes = new float[Math.toIntExact(Math.ceilDiv(elements, BLOCK))];
            codes = arena.allocate(Math.ceilDiv(elements, 2), Long.BYTES);
        }

        Nf4Weight run() {
            IntStream.range(0, Math.ceilDiv(sizes.length, PIECE_BLOCKS))
                    .parallel()
                    .forEach(this::piece);
            return new Nf4Weight(w.rows(), w.cols(), codes, Absmax.Nested.of(sizes, arena));
        }

        private void piece(int index) {
            long from = (long) index * PIECE_BLOCKS * BLOCK;
            int count = (int) Math.min((long) PIECE_BLOCKS * BLOCK, elements - from);
            float[] values = new float[count];
            PackedWeight.flat(w, from, values, count);
            for (int at = 0; at < count; at += BLOCK) {
                int n = Math.min(BLOCK, count - at);
                float largest = PackedWeight.absmax(values, at, n);
                sizes[index * PIECE_BLOCKS + at / BLOCK] = largest;
                float inverse = 1 / Math.max(largest, LEAST);
                for (int i = at; i < at + n; i += 2) {
                    int first = nearest(values[i], inverse);
                    int second = i + 1 < at + n ? nearest(values[i + 1], inverse) : nearest(0, 0);
                    codes.set(ValueLayout.JAVA_BYTE, (from + i) / 2, (byte) (first << 4 | second));
                }
            }
        }

        private static int nearest(float value, float inverse) {
            return Nf4Code.nearest(Math.clamp(value * inverse, -1f, 1f));
        }
    }
}
