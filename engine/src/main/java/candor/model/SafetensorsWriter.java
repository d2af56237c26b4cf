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
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Writes a safetensors file, one tensor after another, so that only one has to be in memory. Names, types and shapes
 * are said first, for the header stands in front.
 *
 * <p>The order is that of the format's own library (types by falling width, then names), the header is padded with
 * spaces to a multiple of eight bytes, and the metadata are {@code "format": "pt"}, which transformers and PEFT ask
 * for, and what the caller adds: the same tensors always make the same bytes. The file appears when it is committed, or
 * never.
 */
public final class SafetensorsWriter implements AutoCloseable {
    private static final int ALIGNMENT = 8;
    private static final int CHUNK = 1 << 26;

    /** Types by falling width; of one width as the format's library has them. */
    private static final List<String> ORDER = List.of("F32", "BF16", "F16", "F8_E4M3", "I8", "U8");

    /** A tensor to be written. */
    public sealed interface Item {
        /** Its name. */
        String name();

        /** Its type, as the header has it. */
        String type();

        /** Its dimensions, outermost first. */
        List<Long> shape();

        /** How long it is. */
        long bytes();
    }

    /**
     * A tensor that is not of numbers of 16 or 32 bits: bytes.
     *
     * @param type one that the format knows, of eight bits or of 32
     */
    public record Raw(String name, String type, List<Long> shape, long bytes) implements Item {
        public Raw {
            shape = List.copyOf(shape);
            if (!ORDER.contains(type)) {
                throw new IllegalArgumentException("cannot store " + name + " as " + type);
            }
        }
    }

    /**
     * A vector or a matrix.
     *
     * @param name   its name
     * @param dtype  F32, BF16 or F16
     * @param rows   rows; 1 for a vector
     * @param cols   columns; the length of a vector
     * @param vector whether the file gives it one dimension
     */
    public record Spec(String name, DType dtype, int rows, int cols, boolean vector) implements Item {
        public Spec {
            if (!ORDER.contains(dtype.safetensorsName()) || rows < 0 || cols < 0 || (vector && rows != 1)) {
                throw new IllegalArgumentException("cannot store " + name + " as " + dtype + " " + rows + " x " + cols);
            }
        }

        public static Spec matrix(String name, DType dtype, int rows, int cols) {
            return new Spec(name, dtype, rows, cols, false);
        }

        public static Spec vector(String name, DType dtype, int length) {
            return new Spec(name, dtype, 1, length, true);
        }

        @Override
        public String type() {
            return dtype.safetensorsName();
        }

        @Override
        public List<Long> shape() {
            return vector ? List.of((long) cols) : List.of((long) rows, (long) cols);
        }

        @Override
        public long bytes() {
            return (long) rows * cols * dtype.bytes();
        }
    }

    private final List<Item> order;
    private final Deque<Item> left;
    private final AtomicFile file;

    /**
     * Begins a file and writes its header.
     *
     * @throws candor.BadInput where the file cannot be written, here and in every method
     */
    public SafetensorsWriter(Path target, List<? extends Item> tensors) {
        this(target, tensors, Map.of());
    }

    /**
     * The same with texts under {@code __metadata__}.
     *
     * @param metadata by their keys, which are written sorted; none is {@code format}
     */
    public SafetensorsWriter(Path target, List<? extends Item> tensors, Map<String, String> metadata) {
        order = tensors.stream()
                .sorted(Comparator.comparingInt((Item item) -> ORDER.indexOf(item.type()))
                        .thenComparing(Item::name))
                .<Item>map(item -> item)
                .toList();
        if (order.stream().map(Item::name).distinct().count() != order.size()) {
            throw new IllegalArgumentException("two tensors of one name");
        }
        left = new ArrayDeque<>(order);
        byte[] header = header(new TreeMap<>(metadata));
        file = AtomicFile.begin(
                target,
                ByteBuffer.allocate(Long.BYTES + header.length)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putLong(header.length)
                        .put(header)
                        .array());
    }

    private byte[] header(SortedMap<String, String> metadata) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (JsonGenerator json = new JsonFactory().createGenerator(bytes)) {
            json.writeStartObject();
            json.writeObjectFieldStart(SafetensorsHeader.METADATA);
            json.writeStringField("format", "pt");
            for (Map.Entry<String, String> text : metadata.entrySet()) {
                json.writeStringField(text.getKey(), text.getValue());
            }
            json.writeEndObject();
            long start = 0;
            for (Item item : order) {
                json.writeObjectFieldStart(item.name());
                json.writeStringField("dtype", item.type());
                json.writeFieldName("shape");
                long[] shape = item.shape().stream().mapToLong(Long::longValue).toArray();
                json.writeArray(shape, 0, shape.length);
                json.writeFieldName("data_offsets");
                json.writeArray(new long[] {start, start + item.bytes()}, 0, 2);
                json.writeEndObject();
                start += item.bytes();
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
    public List<Item> order() {
        return order;
    }

    /** Writes the next tensor of {@link #order}, which must be of its type and shape. */
    public void write(Tensor tensor) {
        Item next = left.remove();
        if (!(next instanceof Spec spec)) {
            throw new IllegalArgumentException(tensor.shape() + " for " + next);
        }
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

    /** Writes the next tensor of {@link #order} as its bytes, which must be as many. */
    public void writeBytes(MemorySegment bytes) {
        Item next = left.remove();
        if (bytes.byteSize() != next.bytes()) {
            throw new IllegalArgumentException(bytes.byteSize() + " bytes for " + next);
        }
        write(bytes);
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
