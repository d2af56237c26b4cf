package candor.train;

import candor.BadInput;
import candor.io.IoReason;
import candor.ops.Backend;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/** A row in a file: its values of float32, little-endian, or its codes of a byte, and nothing else. */
final class RowFile {
    private static final int CHUNK = 1 << 16;

    private RowFile() {}

    /** "first_moment.f32": a name, and what the row is made of. */
    static String name(String name, Tensor row) {
        return name + "." + row.dtype().name().toLowerCase(Locale.ROOT);
    }

    static void write(Backend backend, Tensor row, OutputStream out) throws IOException {
        float[] values = new float[Math.min(CHUNK, row.cols())];
        byte[] bytes = new byte[values.length * row.dtype().bytes()];
        for (int from = 0; from < row.cols(); from += CHUNK) {
            int length = Math.min(CHUNK, row.cols() - from);
            backend.download(values, row.columns(from, from + length));
            if (row.dtype() == DType.U8) {
                for (int i = 0; i < length; i++) {
                    bytes[i] = (byte) (int) values[i];
                }
            } else {
                floats(bytes).put(values, 0, length);
            }
            out.write(bytes, 0, length * row.dtype().bytes());
        }
    }

    static void read(Path file, Backend backend, Tensor row) {
        read(file, backend, row, 0, row.cols());
    }

    /**
     * Reads a part of a row.
     *
     * @param start  the first value of the part
     * @param length of the whole row
     */
    static void read(Path file, Backend backend, Tensor row, long start, long length) {
        int size = row.dtype().bytes();
        try (InputStream in = Files.newInputStream(file)) {
            if (Files.size(file) != length * size) {
                throw new BadInput(file + ": has " + Files.size(file) + " bytes, expected " + length * size
                        + "; it is of another model or adapter");
            }
            in.skipNBytes(start * size);
            for (int from = 0; from < row.cols(); from += CHUNK) {
                int count = Math.min(CHUNK, row.cols() - from);
                float[] values = new float[count];
                byte[] bytes = in.readNBytes(count * size);
                if (row.dtype() == DType.U8) {
                    for (int i = 0; i < count; i++) {
                        values[i] = Byte.toUnsignedInt(bytes[i]);
                    }
                } else {
                    floats(bytes).get(values);
                }
                backend.upload(row.columns(from, from + count), values);
            }
        } catch (IOException e) {
            throw new BadInput(file + ": cannot be read: " + IoReason.of(e), e);
        }
    }

    private static FloatBuffer floats(byte[] bytes) {
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
    }
}
