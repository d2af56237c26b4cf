package candor.model;

import candor.BadInput;
import candor.io.JsonFile;
import candor.model.Architecture.Stored;
import candor.model.SafetensorsWriter.Raw;
import candor.ops.weight.Absmax;
import candor.ops.weight.Nf4Code;
import candor.ops.weight.Nf4Weight;
import candor.ops.weight.PackedWeight;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * bitsandbytes' four bits: {@code weight} (codes, two in a byte), {@code weight.absmax}, {@code weight.quant_map}, the same two
 * {@code nested_…} where sizes are quantised once more, and {@code weight.quant_state.bitsandbytes__nf4}, a JSON object as bytes.
 */
final class Nf4Layout implements PackedLayout {
    private static final String ABSMAX = ".absmax";
    private static final String MAP = ".quant_map";
    private static final String NESTED_ABSMAX = ".nested_absmax";
    private static final String NESTED_MAP = ".nested_quant_map";
    private static final String STATE = ".quant_state.bitsandbytes__";
    private static final String NF4 = "nf4";
    private static final String FP4 = "fp4";
    private static final List<String> F32 = List.of("F32");
    private static final List<String> U8 = List.of("U8");
    private static final int MOST_STATE = 1 << 16;

    /** Characters of a double precision number, at most. */
    private static final int MOST_DIGITS = 26;

    /** Tables that programs computed differ in a last digit; kernels use the published one whatever a file has. */
    private static final float CLOSE = 1e-6f;

    @Override
    public List<String> beside(String weight) {
        return List.of(
                weight + ABSMAX,
                weight + MAP,
                weight + NESTED_ABSMAX,
                weight + NESTED_MAP,
                weight + STATE + NF4,
                weight + STATE + FP4);
    }

    @Override
    public boolean isIn(TensorFiles files, String weight) {
        return beside(weight).stream().anyMatch(files::has)
                || files.fileOf(weight).entry(weight).dtype().equals("U8");
    }

    @Override
    public PackedWeight read(TensorFiles files, Stored stored, Arena arena) {
        String weight = stored.name();
        long elements = stored.elements();
        long blocks = Math.ceilDiv(elements, Nf4Weight.BLOCK);
        JsonFile state = state(files, weight);
        requireShape(state, stored);
        requireMap(files, weight);
        MemorySegment codes = codes(files, stored);
        String nested = weight + NESTED_ABSMAX;
        Absmax absmax;
        if (!files.has(nested) && !state.has("nested_blocksize")) {
            MemorySegment sizes = PackedLayout.required(files, weight, weight + ABSMAX, List.of(blocks), F32);
            PackedLayout.requireFinite(files, weight + ABSMAX, sizes);
            absmax = new Absmax.Plain(sizes);
        } else {
            requireBlock(state, "nested_blocksize", Absmax.Nested.GROUP);
            MemorySegment sizes = PackedLayout.required(files, weight, weight + ABSMAX, List.of(blocks), U8);
            long groups = Math.ceilDiv(blocks, Absmax.Nested.GROUP);
            MemorySegment scales = PackedLayout.required(files, weight, nested, List.of(groups), F32);
            MemorySegment map = PackedLayout.required(files, weight, weight + NESTED_MAP, List.of(256L), F32);
            PackedLayout.requireFinite(files, nested, scales);
            PackedLayout.requireFinite(files, weight + NESTED_MAP, map);
            float offset = (float) state.number("nested_offset", -Float.MAX_VALUE, Float.MAX_VALUE);
            absmax = new Absmax.Nested(sizes, scales, map.toArray(ValueLayout.JAVA_FLOAT_UNALIGNED), offset);
        }
        return new Nf4Weight(stored.rows(), stored.cols(), codes, absmax);
    }

    /** In whatever type they are stored: {@code bnb_4bit_quant_storage} says how the same bytes are called. */
    private static MemorySegment codes(TensorFiles files, Stored stored) {
        MemorySegment codes = files.fileOf(stored.name()).bytes(stored.name());
        long bytes = Math.ceilDiv(stored.elements(), 2);
        if (codes.byteSize() != bytes) {
            throw new BadInput(files.fileOf(stored.name()).file() + ": tensor " + stored.name() + " has "
                    + codes.byteSize() + " bytes of codes, expected " + bytes + ", two in each, for " + stored.shape()
                    + "; check that " + ModelFolder.CONFIG + " and the weights belong together");
        }
        return codes;
    }

    private static JsonFile state(TensorFiles files, String weight) {
        String fp4 = weight + STATE + FP4;
        if (files.has(fp4)) {
            throw unknown(files, weight, FP4);
        }
        String name = weight + STATE + NF4;
        if (!files.has(name)) {
            throw new BadInput(files.fileOf(weight).file() + ": tensor " + weight + " is packed, and " + name
                    + ", which says how, is missing; download the model again");
        }
        MemorySegment bytes = files.fileOf(name).bytes(name);
        if (bytes.byteSize() > MOST_STATE) {
            throw new BadInput(files.fileOf(name).file() + ": tensor " + name + " has " + bytes.byteSize()
                    + " bytes, more than the " + MOST_STATE + " that it may have; download the model again");
        }
        JsonFile state =
                JsonFile.within(files.fileOf(name).file(), "tensor " + name, bytes.toArray(ValueLayout.JAVA_BYTE));
        String type = state.text("quant_type");
        if (!type.equals(NF4)) {
            throw unknown(files, weight, type);
        }
        requireBlock(state, "blocksize", Nf4Weight.BLOCK);
        return state;
    }

    private static BadInput unknown(TensorFiles files, String weight, String type) {
        return new BadInput(
                files.fileOf(weight).file() + ": tensor " + weight + " has the quant_type " + JsonFile.shorten(type)
                        + ", which is not supported: nf4 is",
                "take the model in bfloat16, which {weights} packs as it is loaded");
    }

    private static void requireBlock(JsonFile state, String key, int block) {
        if (state.integer(key, 1, 1 << 20) != block) {
            throw state.unsupported(
                    key, block + " is; take the model in bfloat16, which {weights} packs as it is loaded");
        }
    }

    private static void requireShape(JsonFile state, Stored stored) {
        List<Integer> shape = state.integers("shape", 0, Integer.MAX_VALUE, 8);
        if (!shape.equals(List.of(stored.rows(), stored.cols()))) {
            throw state.wrong("shape", stored.shape());
        }
    }

    private static void requireMap(TensorFiles files, String weight) {
        MemorySegment map = PackedLayout.required(files, weight, weight + MAP, List.of(16L), F32);
        float[] values = Nf4Code.values();
        for (int code = 0; code < values.length; code++) {
            float there = map.getAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, code);
            if (!(Math.abs(there - values[code]) <= CLOSE)) {
                throw new BadInput(files.fileOf(weight + MAP).file() + ": tensor " + weight + MAP + " has " + there
                        + " for code " + code + ", expected NF4's " + values[code] + "; take another model");
            }
        }
    }

    @Override
    public List<Raw> items(Stored stored) {
        String weight = stored.name();
        long bytes = Math.ceilDiv(stored.elements(), 2);
        long blocks = Math.ceilDiv(stored.elements(), Nf4Weight.BLOCK);
        long groups = Math.ceilDiv(blocks, Absmax.Nested.GROUP);
        int state = state(stored.rows(), stored.cols(), 0).length;
        return List.of(
                new Raw(weight, "U8", List.of(bytes, 1L), bytes),
                floats(weight + MAP, 16),
                new Raw(weight + ABSMAX, "U8", List.of(blocks), blocks),
                floats(weight + NESTED_ABSMAX, groups),
                floats(weight + NESTED_MAP, 256),
                new Raw(weight + STATE + NF4, "U8", List.of((long) state), state));
    }

    private static Raw floats(String name, long count) {
        return new Raw(name, "F32", List.of(count), count * Float.BYTES);
    }

    /** Of a weight whose sizes are quantised, as {@link candor.ops.weight.PackedForm#pack} makes them. */
    @Override
    public List<Part> parts(String weight, PackedWeight packed) {
        Nf4Weight w = (Nf4Weight) packed;
        Absmax.Nested nested = (Absmax.Nested) w.absmax();
        return List.of(
                new Part(weight, w.codes()),
                new Part(weight + MAP, floats(Nf4Code.values())),
                new Part(weight + ABSMAX, nested.codes()),
                new Part(weight + NESTED_ABSMAX, nested.scales()),
                new Part(weight + NESTED_MAP, floats(nested.map())),
                new Part(weight + STATE + NF4, MemorySegment.ofArray(state(w.rows(), w.cols(), nested.offset()))));
    }

    /** What bitsandbytes wants to know, with blanks at its end, so that it is as long whatever the offset is. */
    private static byte[] state(int rows, int cols, float offset) {
        String number = Double.toString(offset);
        String text = "{\"quant_type\": \"nf4\", \"blocksize\": " + Nf4Weight.BLOCK
                + ", \"dtype\": \"bfloat16\", \"shape\": ["
                + rows + ", " + cols + "], \"nested_blocksize\": " + Absmax.Nested.GROUP
                + ", \"nested_dtype\": \"float32\", \"nested_offset\": " + number + "}"
                + " ".repeat(MOST_DIGITS - number.length());
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static MemorySegment floats(float[] values) {
        ByteBuffer bytes = ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        return MemorySegment.ofArray(bytes.array());
    }
}
