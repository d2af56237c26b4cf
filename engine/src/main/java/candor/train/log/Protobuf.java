package candor.train.log;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** Writes one message in the wire format of Protocol Buffers: as much of it as event files need. */
final class Protobuf {
    private static final int VARINT = 0;
    private static final int FIXED64 = 1;
    private static final int LENGTH_DELIMITED = 2;
    private static final int FIXED32 = 5;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    private void tag(int field, int wireType) {
        raw((long) field << 3 | wireType);
    }

    private void raw(long value) {
        long rest = value;
        while ((rest & ~0x7fL) != 0) {
            out.write((int) (rest & 0x7f | 0x80));
            rest >>>= 7;
        }
        out.write((int) rest);
    }

    void varint(int field, long value) {
        tag(field, VARINT);
        raw(value);
    }

    void fixed64(int field, double value) {
        tag(field, FIXED64);
        littleEndian(Double.doubleToLongBits(value), 8);
    }

    void fixed32(int field, float value) {
        tag(field, FIXED32);
        littleEndian(Float.floatToIntBits(value), 4);
    }

    private void littleEndian(long bits, int bytes) {
        for (int i = 0; i < bytes; i++) {
            out.write((int) (bits >>> 8 * i));
        }
    }

    void text(int field, String value) {
        delimited(field, value.getBytes(StandardCharsets.UTF_8));
    }

    void message(int field, Protobuf value) {
        delimited(field, value.bytes());
    }

    private void delimited(int field, byte[] bytes) {
        tag(field, LENGTH_DELIMITED);
        raw(bytes.length);
        out.writeBytes(bytes);
    }

    byte[] bytes() {
        return out.toByteArray();
    }
}
