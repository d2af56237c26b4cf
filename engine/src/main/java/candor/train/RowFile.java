package candor.train;

import candor.BadInput;
import candor.io.IoReason;
import candor.ops.Backend;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;

/** A row of float32 in a file: its values, little-endian, and nothing else. */
final class RowFile {
    private static final int CHUNK = 1 << 16;

    private RowFile() {}

    static void write(Backend backend, Tensor row, OutputStream out) throws IOException {
        float[] values = new float[Math.min(CHUNK, row.cols())];
        ByteBuffer bytes = ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (int from = 0; from < row.cols(); from += CHUNK) {
            int length = Math.min(CHUNK, row.cols() - from);
            backend.download(values, part(row, from, length));
            bytes.clear();
            bytes.asFloatBuffer().put(values, 0, length);
            out.write(bytes.array(), 0, length * Float.BYTES);
        }
    }

    static void read(Path file, Backend backend, Tensor row) {
        try (InputStream in = Files.newInputStream(file)) {
            if (Files.size(file) != (long) row.cols() * Float.BYTES) {
                throw new BadInput(file + ": has " + Files.size(file) + " bytes, expected "
                        + (long) row.cols() * Float.BYTES + "; it is of another model or adapter");
            }
            for (int from = 0; from < row.cols(); from += CHUNK) {
                int length = Math.min(CHUNK, row.cols() - from);
                float[] values = new float[length];
                ByteBuffer.wrap(in.readNBytes(length * Float.BYTES))
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .asFloatBuffer()
                        .get(values);
                backend.upload(part(row, from, length), values);
            }
        } catch (IOException e) {
            throw new BadInput(file + ": cannot be read: " + IoReason.of(e), e);
        }
    }

    /** A device's segment has no length to slice: there, a view is an address. */
    private static Tensor part(Tensor row, int from, int length) {
        long offset = (long) from * Float.BYTES;
        MemorySegment data = row.data().byteSize() == 0
                ? MemorySegment.ofAddress(row.data().address() + offset)
                : row.data().asSlice(offset, (long) length * Float.BYTES);
        return Tensor.of(data, DType.F32, 1, length);
    }
}
