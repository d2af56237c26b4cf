package candor.model;

import candor.io.AtomicFile;
import candor.tensor.DType;
import candor.tensor.Tensor;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;

/**
 * Writes a safetensors file, one tensor after another, so that only one has to be in memory. Names, types and shapes
 * are said first, for the header stands in front.
 *
 * <p>The order is that of the format's own library (types by falling width, then names), the header is padded with
 * spaces to a multiple of eight bytes, and the only metadata is {@code "format": "pt"}, which transformers and PEFT ask
 * for: the same tensors always make the same bytes. The file appears when it is committed, or never.
 */
public final class SafetensorsWriter implements AutoCloseable {
    private static final int ALIGNMENT = 8;
    private static final int CHUNK = 1 << 26;
    private static final List<DType> ORDER = List.of(DType.F32, DType.BF16, DType.F16);

    /**
     * A tensor to be written.
     *
     * @param name   its name
     * @param dtype  F32, BF16 or F16
     * @param rows   rows; 1 for a vector
     * @param cols   columns; the length of a vector
     * @param vector whether the file gives it one dimension
     */
    public record Spec(String name, DType dtype, int rows, int cols, boolean vector) {
        public Spec {
            if (!ORDER.contains(dtype) || rows < 0 || cols < 0 || (vector && rows != 1)) {
                throw new IllegalArgumentException("cannot store " + name + " as " + dtype + " " + rows + " x " + cols);
            }
        }

        public static Spec matrix(String name, DType dtype, int rows, int cols) {
            return new Spec(name, dtype, rows, cols, false);
        }

        public static Spec vector(String name, DType dtype, int length) {
            return new Spec(name, dtype, 1, length, true);
        }

        long bytes() {
            return (long) rows * cols * dtype.bytes();
        }
    }

    private final List<Spec> order;
    private final Deque<Spec> left;
    private final AtomicFile file;

    /**
     * Begins a file and writes its header.
     *
     * @throws candor.BadInput where the file cannot be written, here and in every method
     */
    public SafetensorsWriter(Path target, List<Spec> tensors) {
        order = tensors.stream()
                .sorted(Comparator.comparingInt((Spec spec) -> ORDER.indexOf(spec.dtype()))
                        .thenComparing(Spec::name))
                .toList();
        if (order.stream().map(Spec::name).distinct().count() != order.size()) {
            throw new IllegalArgumentException("two tensors of one name");
        }
        left = new ArrayDeque<>(order);
        byte[] header = header();
        file = AtomicFile.create(target);
        file.write(
                ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(0, header.length));
        file.write(ByteBuffer.wrap(header));
    }

    private byte[] header() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (JsonGenerator json = new JsonFactory().createGenerator(bytes)) {
            json.writeStartObject();
            json.writeObjectFieldStart(SafetensorsHeader.METADATA);
            json.writeStringField("format", "pt");
            json.writeEndObject();
            long start = 0;
            for (Spec spec : order) {
                json.writeObjectFieldStart(spec.name());
                json.writeStringField("dtype", spec.dtype().safetensorsName());
                json.writeFieldName("shape");
                int[] shape = spec.vector() ? new int[] {spec.cols()} : new int[] {spec.rows(), spec.cols()};
                json.writeArray(shape, 0, shape.length);
                json.writeFieldName("data_offsets");
                json.writeArray(new long[] {start, start + spec.bytes()}, 0, 2);
                json.writeEndObject();
                start += spec.bytes();
            }
            json.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        byte[] header = bytes.toByteArray();
        byte[] padded = Arrays.copyOf(header, Math.ceilDiv(header.length, ALIGNMENT) * ALIGNMENT);
        Arrays.fill(padded, header.length, padded.length, (byte) ' ');
        return padded;
    }

    /** The tensors in the order in which {@link #write} wants them. */
    public List<Spec> order() {
        return order;
    }

    /** Writes the next tensor of {@link #order}, which must be of its type and shape. */
    public void write(Tensor tensor) {
        Spec spec = left.remove();
        if (tensor.dtype() != spec.dtype() || tensor.rows() != spec.rows() || tensor.cols() != spec.cols()) {
            throw new IllegalArgumentException(tensor.shape() + " for " + spec);
        }
        if (tensor.dense()) {
            write(tensor.data().asSlice(0, spec.bytes()));
            return;
        }
        for (int row = 0; row < tensor.rows(); row++) {
            write(tensor.data()
                    .asSlice(
                            tensor.offset(row, 0),
                            (long) tensor.cols() * tensor.dtype().bytes()));
        }
    }

    private void write(MemorySegment bytes) {
        for (long at = 0; at < bytes.byteSize(); at += CHUNK) {
            file.write(bytes.asSlice(at, Math.min(CHUNK, bytes.byteSize() - at)).asByteBuffer());
        }
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
