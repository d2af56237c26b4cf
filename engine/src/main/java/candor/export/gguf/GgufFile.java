package candor.export.gguf;

import candor.BadInput;
import candor.io.InputFile;
import candor.io.JsonFile;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Map;

/** A GGUF file, mapped into memory. It may be hostile: what its header claims is held against its length before it is believed. */
public final class GgufFile {
    static final byte[] MAGIC = "GGUF".getBytes(StandardCharsets.US_ASCII);
    static final int VERSION = 3;
    /** What tensors begin at a multiple of, where the metadata says nothing. */
    static final int ALIGNMENT = 32;

    private final Path file;
    private final GgufHeader header;
    private final MemorySegment all;

    private GgufFile(Path file, GgufHeader header, MemorySegment all) {
        this.file = file;
        this.header = header;
        this.all = all;
    }

    /**
     * Maps a file.
     *
     * @param arena how long the mapping lives
     * @throws BadInput where it cannot be read, or is not a whole and sound GGUF file of version 3
     */
    public static GgufFile open(Path file, Arena arena) {
        try (FileChannel channel = InputFile.open(file)) {
            MemorySegment all = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
            return new GgufFile(file, new GgufHeader(file, all), all);
        } catch (IOException e) {
            throw InputFile.unreadable(file, e);
        }
    }

    /** The metadata, in the order of the file. */
    public Map<String, GgufValue> metadata() {
        return Collections.unmodifiableMap(header.metadata());
    }

    /** The tensors by name, in the order of the file. */
    public Map<String, GgufTensor> tensors() {
        return Collections.unmodifiableMap(header.tensors());
    }

    /** A row of a tensor in float32; a {@link BadInput} where there is no such tensor. */
    public float[] row(String name, int row) {
        GgufTensor tensor = header.tensors().get(name);
        if (tensor == null) {
            throw new BadInput(
                    file + ": has no tensor " + JsonFile.shorten(name) + "; check that it is the right file");
        }
        if (row < 0 || row >= tensor.rows()) {
            throw new IndexOutOfBoundsException(name + " has " + tensor.rows() + " rows, asked for " + row);
        }
        long bytes = tensor.type().rowBytes(tensor.cols());
        MemorySegment at = all.asSlice(header.start(name) + row * bytes, bytes);
        return tensor.type().decode(at.asByteBuffer(), tensor.cols());
    }

    static long aligned(long bytes, int alignment) {
        return Math.ceilDiv(bytes, alignment) * alignment;
    }
}
