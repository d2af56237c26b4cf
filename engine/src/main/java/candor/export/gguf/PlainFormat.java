package candor.export.gguf;

import candor.tensor.DType;
import java.nio.ByteBuffer;

/** One number after another; rounded to the nearest, ties to even. */
enum PlainFormat implements BlockFormat {
    F32(Float.BYTES, Float.MAX_VALUE) {
        @Override
        public void encode(float[] values, int at, ByteBuffer to) {
            to.putFloat(values[at]);
        }

        @Override
        public void decode(ByteBuffer from, float[] values, int at) {
            values[at] = from.getFloat();
        }
    },
    F16(Short.BYTES, MOST_HALF) {
        @Override
        public void encode(float[] values, int at, ByteBuffer to) {
            to.putShort(Float.floatToFloat16(values[at]));
        }

        @Override
        public void decode(ByteBuffer from, float[] values, int at) {
            values[at] = Float.float16ToFloat(from.getShort());
        }
    },
    BF16(Short.BYTES, 0x1.fep127f) {
        @Override
        public void encode(float[] values, int at, ByteBuffer to) {
            to.putShort(DType.floatToBf16(values[at]));
        }

        @Override
        public void decode(ByteBuffer from, float[] values, int at) {
            values[at] = DType.bf16ToFloat(from.getShort());
        }
    };

    private final int bytes;
    private final float largest;

    PlainFormat(int bytes, float largest) {
        this.bytes = bytes;
        this.largest = largest;
    }

    @Override
    public int elements() {
        return 1;
    }

    @Override
    public int bytes() {
        return bytes;
    }

    @Override
    public float largest() {
        return largest;
    }
}
