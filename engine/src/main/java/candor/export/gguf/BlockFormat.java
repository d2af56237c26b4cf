package candor.export.gguf;

import java.nio.ByteBuffer;

/** How so many neighbouring numbers of a row are stored together. Byte order is little-endian. */
interface BlockFormat {
    /** The largest half-precision number. */
    float MOST_HALF = 65504;

    /** Numbers in a block. */
    int elements();

    /** Bytes of a block. */
    int bytes();

    /** The largest magnitude that a block can hold. */
    float largest();

    /**
     * Appends a block.
     *
     * @param values finite, none beyond {@link #largest}
     * @param at     the first of them
     */
    void encode(float[] values, int at, ByteBuffer to);

    /** Takes a block; the inverse of {@link #encode}, up to its rounding. */
    void decode(ByteBuffer from, float[] values, int at);
}
