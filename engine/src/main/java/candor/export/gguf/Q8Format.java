package candor.export.gguf;

import java.nio.ByteBuffer;

/**
 * {@code Q8_0}: 32 numbers are d·q, with d in half precision and q a signed byte. d is the largest magnitude / 127, rounded up, so
 * that no number is off by more than d/2.
 */
final class Q8Format implements BlockFormat {
    static final Q8Format INSTANCE = new Q8Format();

    private static final int ELEMENTS = 32;
    private static final int MOST = 127;

    private Q8Format() {}

    @Override
    public int elements() {
        return ELEMENTS;
    }

    @Override
    public int bytes() {
        return Short.BYTES + ELEMENTS;
    }

    @Override
    public float largest() {
        return MOST * MOST_HALF;
    }

    @Override
    public void encode(float[] values, int at, ByteBuffer to) {
        float largest = 0;
        for (int i = 0; i < ELEMENTS; i++) {
            largest = Math.max(largest, Math.abs(values[at + i]));
        }
        short half = Halves.up(largest / MOST);
        float d = Float.float16ToFloat(half);
        to.putShort(half);
        for (int i = 0; i < ELEMENTS; i++) {
            to.put((byte) (d == 0 ? 0 : Math.clamp(Math.round((double) values[at + i] / d), -MOST, MOST)));
        }
    }

    @Override
    public void decode(ByteBuffer from, float[] values, int at) {
        float d = Float.float16ToFloat(from.getShort());
        for (int i = 0; i < ELEMENTS; i++) {
            values[at + i] = d * from.get();
        }
    }
}
