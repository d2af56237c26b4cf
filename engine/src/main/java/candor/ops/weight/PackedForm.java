package candor.ops.weight;

import java.lang.foreign.Arena;
import java.util.Locale;

/** Forms in which an element takes four or eight bits, beside numbers that say how large it is. */
public enum PackedForm implements WeightForm {
    /** Four bits in blocks of 64, and the blocks' sizes in eight: see {@link Nf4Weight}. */
    NF4 {
        @Override
        public long bytes(long rows, long cols) {
            long elements = rows * cols;
            return Math.ceilDiv(elements, 2) + Absmax.Nested.bytes(Math.ceilDiv(elements, Nf4Weight.BLOCK));
        }

        @Override
        public PackedWeight pack(StoredWeight w, Arena arena) {
            return Nf4Weight.pack(w, arena);
        }
    },
    /** Eight bits, and a size for each row: see {@link Int8Weight}. */
    INT8 {
        @Override
        public long bytes(long rows, long cols) {
            return rows * (cols + Float.BYTES);
        }

        @Override
        public PackedWeight pack(StoredWeight w, Arena arena) {
            return Int8Weight.pack(w, arena);
        }
    },
    /** Eight bits with an exponent of their own, and a scale for each square of 128 by 128: see {@link Fp8Weight}. */
    FP8 {
        @Override
        public long bytes(long rows, long cols) {
            return rows * cols + Float.BYTES * Fp8Weight.blocks(rows) * Fp8Weight.blocks(cols);
        }

        @Override
        public PackedWeight pack(StoredWeight w, Arena arena) {
            return Fp8Weight.pack(w, arena);
        }
    };

    /** Its name in settings: "nf4". */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * A weight in this form. The same weight gives the same bytes, however many threads make it; beside them it takes
     * a few bytes for each block of elements, whatever the weight's form is.
     *
     * @param w     (O, I)
     * @param arena how long the new weight lives
     * @throws candor.BadInput where a number is not finite: no packed form has one
     */
    public abstract PackedWeight pack(StoredWeight w, Arena arena);
}
