package candor.export.gguf;

import java.nio.ByteBuffer;

/**
 * {@code Q5_0}: 32 numbers are d·(q − 16), with d in half precision and q of five bits. The fifth bits come first, as one number of
 * 32 bits; then the low four bits, number i beside number i + 16 in a byte.
 *
 * <p>Steps reach further on one side of zero than on the other. Of the scale that puts the largest number on the far step and the
 * one that reaches it on the near side, too, the one with the smaller squared error is taken.
 */
final class Q5Format implements BlockFormat {
    static final Q5Format INSTANCE = new Q5Format();

    private static final int ELEMENTS = 32;
    private static final int ZERO = 16;
    private static final int MOST = 31;

    private Q5Format() {}

    @Override
    public int elements() {
        return ELEMENTS;
    }

    @Override
    public int bytes() {
        return Short.BYTES + Integer.BYTES + ELEMENTS / 2;
    }

    @Override
    public float largest() {
        return (MOST - ZERO) * MOST_HALF;
    }

    @Override
    public void encode(float[] values, int at, ByteBuffer to) {
        float largest = 0;
        for (int i = 0; i < ELEMENTS; i++) {
            float value = values[at + i];
            largest = Math.abs(value) > Math.abs(largest) ? value : largest;
        }
        short far = Float.floatToFloat16(largest / -ZERO);
        short near = Halves.up(Math.abs(largest) / (MOST - ZERO));
        short half = error(values, at, far) < error(values, at, near) ? far : near;
        float d = Float.float16ToFloat(half);
        to.putShort(half);
        int high = 0;
        byte[] low = new byte[ELEMENTS / 2];
        for (int i = 0; i < ELEMENTS; i++) {
            int q = step(values[at + i], d);
            high |= (q >> 4) << i;
            low[i % low.length] |= (byte) ((q & 15) << (i < low.length ? 0 : 4));
        }
        to.putInt(high).put(low);
    }

    private static int step(float value, float d) {
        return d == 0 ? ZERO : Math.clamp(Math.round((double) value / d) + ZERO, 0, MOST);
    }

    private static double error(float[] values, int at, short half) {
        float d = Float.float16ToFloat(half);
        double sum = 0;
        for (int i = 0; i < ELEMENTS; i++) {
            double difference = values[at + i] - (double) d * (step(values[at + i], d) - ZERO);
            sum += difference * difference;
        }
        return sum;
    }

    @Override
    public void decode(ByteBuffer from, float[] values, int at) {
        float d = Float.float16ToFloat(from.getShort());
        int high = from.getInt();
        byte[] low = new byte[ELEMENTS / 2];
        from.get(low);
        for (int i = 0; i < ELEMENTS; i++) {
            int four = (low[i % low.length] >> (i < low.length ? 0 : 4)) & 15;
            values[at + i] = d * ((four | ((high >> i) & 1) << 4) - ZERO);
        }
    }
}
