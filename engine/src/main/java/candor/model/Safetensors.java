package candor.model;

import candor.BadInput;
import candor.io.InputFile;
import candor.io.JsonFile;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * One safetensors file, mapped into memory: nothing is read but its header until somebody looks at a tensor, and what
 * was read can be dropped again by the operating system. Tensors are read-only views and live as long as the arena.
 */
public final class Safetensors {
    /**
     * What the header says of a tensor.
     *
     * @param name  its name
     * @param dtype its type, as the file writes it; any that the format knows
     * @param shape its dimensions, outermost first
     * @param start first byte, from the start of the data
     * @param end   behind the last byte
     */
    public record Entry(String name, String dtype, List<Long> shape, long start, long end) {
        public long bytes() {
            return end - start;
        }
    }

    private final Path file;
    private final SafetensorsHeader header;
    private final MemorySegment data;

    private Safetensors(Path file, SafetensorsHeader header, MemorySegment data) {
        this.file = file;
        this.header = header;
        this.data = data;
    }

    /**
     * Maps a file.
     *
     * @param arena how long the mapping lives
     * @throws BadInput where it cannot be read, or is not a whole and sound safetensors file
     */
    public static Safetensors open(Path file, Arena arena) {
        try (FileChannel channel = InputFile.open(file)) {
            SafetensorsHeader header = SafetensorsHeader.read(file, channel);
            MemorySegment all = plain(channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena), arena);
            return new Safetensors(file, header, all.asSlice(header.dataStart()));
        } catch (IOException e) {
            throw InputFile.unreadable(file, e);
        }
    }

    /**
     * The same memory as a segment of the class that arenas allocate. Hot loops then see one class of segment,
     * whichever of their operands is mapped, and stay compiled for it. Bounds, lifetime and write protection are kept.
     */
    @SuppressWarnings("restricted")
    private static MemorySegment plain(MemorySegment mapped, Arena arena) {
        return MemorySegment.ofAddress(mapped.address())
                .reinterpret(mapped.byteSize(), arena, null)
                .asReadOnly();
    }

    public Path file() {
        return file;
    }

    /** The names of the tensors, sorted. */
    public Set<String> names() {
        return header.entries().keySet();
    }

    /** The texts under {@code __metadata__}. */
    public Map<String, String> metadata() {
        return header.metadata();
    }

    /** What the header says of a tensor; a {@link BadInput} where there is none of that name. */
    public Entry entry(String name) {
        Entry entry = header.entries().get(name);
        if (entry == null) {
            throw new BadInput(
                    file + ": has no tensor " + JsonFile.shorten(name) + "; check that it is the right file");
        }
        return entry;
    }

    /** The bytes of a tensor of any type and shape. */
    public MemorySegment bytes(String name) {
        Entry entry = entry(name);
        return data.asSlice(entry.start(), entry.bytes());
    }

    /** A vector, as (1, n), or a matrix, in float32, bfloat16 or float16; a {@link BadInput} for any other tensor. */
    public Tensor tensor(String name) {
        Entry entry = entry(name);
        DType dtype =
                switch (entry.dtype()) {
                    case "F32" -> DType.F32;
                    case "BF16" -> DType.BF16;
                    case "F16" -> DType.F16;
                    default ->
                        throw new BadInput(file + ": tensor " + name + " is " + entry.dtype()
                                + ", expected F32, BF16 or F16; take the model in one of these");
                };
        int rank = entry.shape().size();
        if (rank < 1 || rank > 2 || entry.shape().stream().anyMatch(size -> size > Integer.MAX_VALUE)) {
            throw new BadInput(file + ": tensor " + name + " has the shape " + entry.shape()
                    + ", expected a vector or a matrix; check that it is the right file");
        }
        int rows = rank == 1 ? 1 : entry.shape().getFirst().intValue();
        return Tensor.of(bytes(name), dtype, rows, entry.shape().getLast().intValue());
    }
}
