package candor.export.gguf;

import candor.io.AtomicFile;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** Writes a GGUF file as a stream: what it holds first, then one tensor after another. It appears whole or not at all. */
public final class GgufWriter implements AutoCloseable {
    /** Where the numbers of a tensor come from; threads ask for several rows at once. */
    @FunctionalInterface
    public interface Rows {
        /** A row of the tensor. */
        float[] row(int row);
    }

    /** Bytes that are made before they are written. */
    private static final int CHUNK = 1 << 22;

    private final Deque<GgufTensor> left;
    private final AtomicFile file;

    /**
     * Begins a file.
     *
     * @param metadata in the order in which it is written
     * @param tensors  in the order in which {@link #write} wants them
     * @throws candor.BadInput where the file cannot be written, here and in every method
     */
    public GgufWriter(Path target, Map<String, GgufValue> metadata, List<GgufTensor> tensors) {
        if (tensors.stream().map(GgufTensor::name).distinct().count() != tensors.size()) {
            throw new IllegalArgumentException("two tensors of one name");
        }
        left = new ArrayDeque<>(tensors);
        file = AtomicFile.begin(target, header(metadata, tensors));
    }

    private static byte[] header(Map<String, GgufValue> metadata, List<GgufTensor> tensors) {
        Bytes bytes = new Bytes();
        bytes.raw(GgufFile.MAGIC);
        bytes.number(GgufFile.VERSION, Integer.BYTES);
        bytes.number(tensors.size(), Long.BYTES);
        bytes.number(metadata.size(), Long.BYTES);
        metadata.forEach((key, value) -> {
            bytes.text(key);
            switch (value) {
                case GgufValue.Scalar scalar -> {
                    bytes.number(scalar.type().ordinal(), Integer.BYTES);
                    bytes.value(scalar.type(), scalar.value());
                }
                case GgufValue.Array array -> {
                    bytes.number(GgufValue.Type.ARRAY.ordinal(), Integer.BYTES);
                    bytes.number(array.type().ordinal(), Integer.BYTES);
                    bytes.number(array.values().size(), Long.BYTES);
                    array.values().forEach(each -> bytes.value(array.type(), each));
                }
            }
        });
        long offset = 0;
        for (GgufTensor tensor : tensors) {
            bytes.text(tensor.name());
            bytes.number(tensor.vector() ? 1 : 2, Integer.BYTES);
            bytes.number(tensor.cols(), Long.BYTES);
            if (!tensor.vector()) {
                bytes.number(tensor.rows(), Long.BYTES);
            }
            bytes.number(tensor.type().id(), Integer.BYTES);
            bytes.number(offset, Long.BYTES);
            offset += GgufFile.aligned(tensor.bytes(), GgufFile.ALIGNMENT);
        }
        bytes.raw(new byte[padding(bytes.size())]);
        return bytes.toByteArray();
    }

    private static int padding(long bytes) {
        return (int) (GgufFile.aligned(bytes, GgufFile.ALIGNMENT) - bytes);
    }

    /** Numbers in little-endian order. */
    private static final class Bytes extends ByteArrayOutputStream {
        void raw(byte[] bytes) {
            writeBytes(bytes);
        }

        void number(long value, int bytes) {
            for (int i = 0; i < bytes; i++) {
                write((int) (value >>> i * Byte.SIZE));
            }
        }

        void text(String text) {
            byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
            number(utf8.length, Long.BYTES);
            raw(utf8);
        }

        void value(GgufValue.Type type, Object value) {
            switch (type) {
                case STRING -> text((String) value);
                case BOOL -> write((Boolean) value ? 1 : 0);
                case FLOAT32 -> number(Float.floatToRawIntBits((Float) value), Float.BYTES);
                case FLOAT64 -> number(Double.doubleToRawLongBits((Double) value), Double.BYTES);
                case ARRAY -> throw new IllegalArgumentException("lists of lists are not written");
                default -> number((Long) value, type.leastBytes());
            }
        }
    }

    /** Writes the next tensor, from rows that its type can hold. */
    public void write(Rows rows) {
        GgufTensor tensor = left.remove();
        long rowBytes = tensor.type().rowBytes(tensor.cols());
        int together = Math.clamp(CHUNK / rowBytes, 1, tensor.rows());
        byte[] chunk = new byte[Math.toIntExact(together * rowBytes)];
        for (int from = 0; from < tensor.rows(); from += together) {
            int first = from;
            int count = Math.min(together, tensor.rows() - from);
            IntStream.range(0, count).parallel().forEach(i -> tensor.type()
                    .encode(rows.row(first + i), chunk, Math.toIntExact(i * rowBytes)));
            file.write(
                    ByteBuffer.wrap(chunk, 0, Math.toIntExact(count * rowBytes)).order(ByteOrder.LITTLE_ENDIAN));
        }
        file.write(ByteBuffer.allocate(padding(tensor.bytes())));
    }

    /** Makes the file appear, once every tensor has been written. */
    public void commit() {
        if (!left.isEmpty()) {
            throw new IllegalStateException(left.size() + " tensors are not written yet, first "
                    + left.peek().name());
        }
        file.commit();
    }

    /** Without {@link #commit}, leaves no file. */
    @Override
    public void close() {
        file.close();
    }
}
