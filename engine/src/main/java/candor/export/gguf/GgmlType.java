package candor.export.gguf;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Locale;

/** The types of tensors that are written and read here, under the numbers of {@code ggml_type}. */
public enum GgmlType {
    F32(0, PlainFormat.F32),
    F16(1, PlainFormat.F16),
    /** Blocks of 32, 5.5 bits a number. */
    Q5_0(6, Q5Format.INSTANCE),
    /** Blocks of 32, 8.5 bits a number. */
    Q8_0(8, Q8Format.INSTANCE),
    /** Super-blocks of 256, 4.5 bits a number. */
    Q4_K(12, Q4KFormat.INSTANCE),
    BF16(30, PlainFormat.BF16);

    private final int id;
    private final BlockFormat format;

    GgmlType(int id, BlockFormat format) {
        this.id = id;
        this.format = format;
    }

    int id() {
        return id;
    }

    /** The type of a number in a file, or null where it is another. */
    static GgmlType of(long id) {
        for (GgmlType type : values()) {
            if (type.id == id) {
                return type;
            }
        }
        return null;
    }

    /** Numbers in a block: the length of a row must be a multiple. */
    public int blockElements() {
        return format.elements();
    }

    /** Bytes of a row of so many numbers. */
    public long rowBytes(long cols) {
        return cols / format.elements() * format.bytes();
    }

    /** The largest magnitude that it can hold. */
    public float largest() {
        return format.largest();
    }

    /**
     * Stores a row.
     *
     * @param row finite numbers, none beyond {@link #largest}, whole blocks
     * @param to  where its bytes go, from {@code at} on
     */
    public void encode(float[] row, byte[] to, int at) {
        requireBlocks(row.length);
        ByteBuffer bytes = ByteBuffer.wrap(to).order(ByteOrder.LITTLE_ENDIAN).position(at);
        for (int i = 0; i < row.length; i += format.elements()) {
            format.encode(row, i, bytes);
        }
    }

    /** The numbers of a row of so many. */
    public float[] decode(ByteBuffer bytes, int cols) {
        requireBlocks(cols);
        ByteBuffer from = bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        float[] row = new float[cols];
        for (int i = 0; i < cols; i += format.elements()) {
            format.decode(from, row, i);
        }
        return row;
    }

    private void requireBlocks(int cols) {
        if (cols % format.elements() != 0) {
            throw new IllegalArgumentException(cols + " numbers in blocks of " + format.elements());
        }
    }

    /** "q4_k". */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
