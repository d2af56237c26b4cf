package candor.train.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.zip.CRC32C;

/**
 * A TensorBoard event file: records of the TFRecord format, each an {@code Event} message of TensorFlow's event.proto.
 *
 * <p>A record is its length (8 bytes, little-endian), the masked CRC-32C of those bytes, the message, and the message's
 * masked CRC-32C; masked means rotated right by 15 bits plus a constant, so that a checksum of data that holds checksums
 * stays sound.
 */
final class EventFile implements AutoCloseable {
    private static final int MASK_DELTA = 0xa282ead8;

    private final FileChannel channel;

    /** Starts a new file; one that exists is an error. */
    EventFile(Path file, double wallTime) throws IOException {
        channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        Protobuf event = new Protobuf();
        event.fixed64(Fields.WALL_TIME, wallTime);
        event.text(Fields.FILE_VERSION, "brain.Event:2");
        record(event.bytes());
    }

    /** Field numbers of event.proto and summary.proto. */
    private static final class Fields {
        static final int WALL_TIME = 1;
        static final int STEP = 2;
        static final int FILE_VERSION = 3;
        static final int SUMMARY = 5;
        static final int SESSION_LOG = 7;

        static final int SUMMARY_VALUE = 1;
        static final int VALUE_TAG = 1;
        static final int VALUE_SIMPLE = 2;

        static final int SESSION_STATUS = 1;
        static final int SESSION_START = 1;
    }

    /** Says that a session starts after {@code step}: a viewer then forgets later steps of older files. */
    void sessionStart(double wallTime, long step) throws IOException {
        Protobuf status = new Protobuf();
        status.varint(Fields.SESSION_STATUS, Fields.SESSION_START);
        Protobuf event = new Protobuf();
        event.fixed64(Fields.WALL_TIME, wallTime);
        event.varint(Fields.STEP, step);
        event.message(Fields.SESSION_LOG, status);
        record(event.bytes());
    }

    /** Scalars of a step, by name. */
    void scalars(double wallTime, long step, Map<String, Double> values) throws IOException {
        Protobuf summary = new Protobuf();
        values.forEach((tag, number) -> {
            Protobuf value = new Protobuf();
            value.text(Fields.VALUE_TAG, tag);
            value.fixed32(Fields.VALUE_SIMPLE, number.floatValue());
            summary.message(Fields.SUMMARY_VALUE, value);
        });
        Protobuf event = new Protobuf();
        event.fixed64(Fields.WALL_TIME, wallTime);
        event.varint(Fields.STEP, step);
        event.message(Fields.SUMMARY, summary);
        record(event.bytes());
    }

    private void record(byte[] message) throws IOException {
        ByteBuffer record = ByteBuffer.allocate(16 + message.length).order(ByteOrder.LITTLE_ENDIAN);
        record.putLong(message.length);
        record.putInt(maskedCrc(record.array(), 8));
        record.put(message);
        record.putInt(maskedCrc(message, message.length));
        record.flip();
        while (record.hasRemaining()) {
            channel.write(record);
        }
    }

    private static int maskedCrc(byte[] bytes, int length) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, length);
        return Integer.rotateRight((int) crc.getValue(), 15) + MASK_DELTA;
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
