package candor.export.gguf;

import candor.BadInput;
import candor.export.gguf.GgufValue.Type;
import candor.io.JsonFile;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reads what stands before the tensors' data. */
final class GgufHeader {
    private static final String AGAIN = "; download or export the file again";

    /** Bounds well above every published file. */
    private static final int MOST_KEYS = 1 << 16;

    private static final int MOST_TENSORS = 1 << 17;
    private static final int MOST_VALUES = 1 << 24;
    private static final int MOST_TEXT = 1 << 24;
    private static final int MOST_KEY = (1 << 16) - 1;
    private static final int MOST_ALIGNMENT = 1 << 20;

    private final Path file;
    private final MemorySegment all;
    private final Map<String, GgufValue> metadata = new LinkedHashMap<>();
    private final Map<String, GgufTensor> tensors = new LinkedHashMap<>();
    private final Map<String, Long> starts = new LinkedHashMap<>();
    private long at;

    GgufHeader(Path file, MemorySegment all) {
        this.file = file;
        this.all = all;
        read();
    }

    Map<String, GgufValue> metadata() {
        return metadata;
    }

    Map<String, GgufTensor> tensors() {
        return tensors;
    }

    /** Where a tensor's data begin, from the start of the file. */
    long start(String name) {
        return starts.get(name);
    }

    private void read() {
        if (all.byteSize() < GgufFile.MAGIC.length || !Arrays.equals(bytes(GgufFile.MAGIC.length), GgufFile.MAGIC)) {
            throw bad("is not a GGUF file");
        }
        long version = number(Type.UINT32);
        if (version != GgufFile.VERSION) {
            throw bad("is GGUF of version " + version + ", expected " + GgufFile.VERSION);
        }
        int tensorCount = count("tensors", MOST_TENSORS, 24);
        int keys = count("keys", MOST_KEYS, 13);
        for (int i = 0; i < keys; i++) {
            String key = text("a key", MOST_KEY);
            if (metadata.put(key, value()) != null) {
                throw bad("has the key " + JsonFile.shorten(key) + " twice");
            }
        }
        Map<String, Long> offsets = new LinkedHashMap<>();
        for (int i = 0; i < tensorCount; i++) {
            GgufTensor tensor = tensor();
            if (tensors.put(tensor.name(), tensor) != null) {
                throw bad("has the tensor " + tensor.name() + " twice");
            }
            offsets.put(tensor.name(), number(Type.UINT64));
        }
        place(offsets);
    }

    /** Each tensor begins where the one before it ends, at the next multiple of the alignment, and the last one is whole. */
    private void place(Map<String, Long> offsets) {
        int alignment = alignment();
        long data = GgufFile.aligned(at, alignment);
        long expected = 0;
        for (GgufTensor tensor : tensors.values()) {
            long offset = offsets.get(tensor.name());
            if (offset != expected) {
                throw bad("tensor " + tensor.name() + " begins at " + offset + ", expected " + expected);
            }
            if (data + offset + tensor.bytes() > all.byteSize()) {
                throw bad("is cut off: tensor " + tensor.name() + " ends at " + (data + offset + tensor.bytes())
                        + ", the file at " + all.byteSize());
            }
            starts.put(tensor.name(), data + offset);
            expected = GgufFile.aligned(offset + tensor.bytes(), alignment);
        }
    }

    private int alignment() {
        if (!metadata.containsKey("general.alignment")) {
            return GgufFile.ALIGNMENT;
        }
        if (metadata.get("general.alignment") instanceof GgufValue.Scalar scalar
                && scalar.value() instanceof Long alignment
                && alignment >= 8
                && alignment <= MOST_ALIGNMENT
                && Long.bitCount(alignment) == 1) {
            return alignment.intValue();
        }
        throw bad("general.alignment is not a power of two from 8 to " + MOST_ALIGNMENT);
    }

    private GgufTensor tensor() {
        String name = text("a tensor's name", GgufTensor.MOST_NAME);
        if (name.isEmpty() || !name.chars().allMatch(c -> c > ' ' && c < 127)) {
            throw bad("a tensor's name is " + JsonFile.shorten(name) + ", expected ASCII without blanks");
        }
        long rank = number(Type.UINT32);
        if (rank < 1 || rank > 2) {
            throw bad("tensor " + name + " has " + rank + " dimensions, expected 1 or 2");
        }
        long cols = number(Type.UINT64);
        long rows = rank == 2 ? number(Type.UINT64) : 1;
        long id = number(Type.UINT32);
        GgmlType type = GgmlType.of(id);
        if (type == null) {
            throw new BadInput(file + ": tensor " + name + " has the type " + id + ", expected one of "
                    + Arrays.toString(GgmlType.values()) + "; take another file");
        }
        if (cols < 1 || rows < 1 || cols > Integer.MAX_VALUE || rows > Integer.MAX_VALUE) {
            throw bad("tensor " + name + " has the shape [" + rows + ", " + cols + "]");
        }
        if (cols % type.blockElements() != 0) {
            throw bad("tensor " + name + ": rows of " + cols + " are not whole blocks of " + type);
        }
        if (rows > all.byteSize() / type.rowBytes(cols)) {
            throw bad("tensor " + name + ", [" + rows + ", " + cols + "] in " + type + ", is larger than the file");
        }
        return new GgufTensor(name, type, (int) rows, (int) cols, rank == 1);
    }

    private GgufValue value() {
        Type type = type();
        if (type != Type.ARRAY) {
            return new GgufValue.Scalar(type, scalar(type));
        }
        Type each = type();
        if (each == Type.ARRAY) {
            throw bad("has a list of lists in its metadata, which is not supported");
        }
        int size = count("values in a list", MOST_VALUES, each.leastBytes());
        List<Object> values = new ArrayList<>(size);
        for (int i = 0; i < size; i++) {
            values.add(scalar(each));
        }
        return new GgufValue.Array(each, values);
    }

    private Type type() {
        long id = number(Type.UINT32);
        if (id >= Type.values().length) {
            throw bad("has a value of the unknown type " + id);
        }
        return Type.values()[(int) id];
    }

    private Object scalar(Type type) {
        return switch (type) {
            case STRING -> text("a text", MOST_TEXT);
            case FLOAT32 -> Float.intBitsToFloat((int) number(Type.UINT32));
            case FLOAT64 -> Double.longBitsToDouble(number(Type.UINT64));
            case BOOL -> {
                long flag = number(Type.UINT8);
                if (flag > 1) {
                    throw bad("has the truth value " + flag + ", expected 0 or 1");
                }
                yield flag == 1;
            }
            default -> number(type);
        };
    }

    /** A whole number, in Java's 64 bits: the uppermost half of UINT64 is negative, which no size may be. */
    private long number(Type type) {
        byte[] bytes = bytes(type.leastBytes());
        long value = 0;
        for (int i = 0; i < bytes.length; i++) {
            value |= (bytes[i] & 0xffL) << i * Byte.SIZE;
        }
        int unused = Long.SIZE - bytes.length * Byte.SIZE;
        return switch (type) {
            case INT8, INT16, INT32 -> value << unused >> unused;
            default -> value;
        };
    }

    /** A number of things, none of which has fewer bytes. */
    private int count(String what, int most, int leastBytes) {
        long count = number(Type.UINT64);
        if (count < 0 || count > most || count * leastBytes > all.byteSize() - at) {
            throw bad("claims " + Long.toUnsignedString(count) + " " + what + ", more than it can hold");
        }
        return (int) count;
    }

    private String text(String what, int most) {
        long length = number(Type.UINT64);
        if (length < 0 || length > most) {
            throw bad(what + " has " + Long.toUnsignedString(length) + " bytes, more than " + most);
        }
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes((int) length)))
                    .toString();
        } catch (CharacterCodingException e) {
            throw bad(what + " is not UTF-8");
        }
    }

    private byte[] bytes(int count) {
        if (count > all.byteSize() - at) {
            throw bad("is cut off after " + all.byteSize() + " bytes");
        }
        byte[] bytes = all.asSlice(at, count).toArray(ValueLayout.JAVA_BYTE);
        at += count;
        return bytes;
    }

    private BadInput bad(String what) {
        return new BadInput(file + ": " + what + AGAIN);
    }
}
