package candor.model;

import static candor.model.CheckpointFiles.golden;
import static candor.model.CheckpointFiles.safetensors;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import candor.tensor.DType;
import candor.tensor.Tensor;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SafetensorsTest {
    private final Arena arena = Arena.ofConfined();

    @TempDir
    Path folder;

    @AfterEach
    void close() {
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }

    /** Read once more by the shortest code that can: header as JSON, data as a byte buffer. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "llama3/model/model.safetensors",
                "llama3/adapter/adapter_model.safetensors",
                "qwen2/model/model-00003-of-00005.safetensors"
            })
    void holdsWhatTheFileHolds(String name) throws IOException {
        Safetensors file = Safetensors.open(golden(name), arena);
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(golden(name))).order(ByteOrder.LITTLE_ENDIAN);
        int header = (int) bytes.getLong(0);
        JsonNode json = new ObjectMapper().readTree(bytes.array(), Long.BYTES, header);
        assertThat(file.metadata()).containsExactly(Map.entry("format", "pt"));
        assertThat(file.names()).hasSize(json.size() - 1);
        for (String tensorName : file.names()) {
            Tensor tensor = file.tensor(tensorName);
            JsonNode entry = json.get(tensorName);
            assertThat(tensor.dtype().safetensorsName())
                    .isEqualTo(entry.get("dtype").textValue());
            assertThat(tensor.elements()).isEqualTo(product(entry.get("shape")));
            int at = Long.BYTES + header + entry.get("data_offsets").get(0).intValue();
            for (float value : tensor.toFloats()) {
                float expected =
                        tensor.dtype() == DType.F32 ? bytes.getFloat(at) : DType.bf16ToFloat(bytes.getShort(at));
                assertThat(value).isEqualTo(expected);
                at += tensor.dtype().bytes();
            }
        }
    }

    private static long product(JsonNode shape) {
        long product = 1;
        for (JsonNode size : shape) {
            product *= size.longValue();
        }
        return product;
    }

    @Test
    void tellsOfTensorsThatItCannotUse() {
        Safetensors file = Safetensors.open(golden("llama3/forward.safetensors"), arena);
        Safetensors.Entry ids = file.entry("input_ids");
        assertThat(ids.dtype()).isEqualTo("I64");
        assertThat(ids.shape()).containsExactly(3L, 41L);
        assertThat(file.bytes("input_ids").byteSize()).isEqualTo(3 * 41 * 8);
    }

    /** One class of segment in hot loops, whether memory is mapped or allocated; and the file cannot be written to. */
    @Test
    void mappedMemoryLooksAllocatedButStaysProtectedAndBounded() {
        Safetensors file = Safetensors.open(golden("llama3/model/model.safetensors"), arena);
        MemorySegment data = file.tensor("model.norm.weight").data();
        assertThat(data.getClass()).isEqualTo(arena.allocate(8).getClass());
        assertThat(data.isReadOnly()).isTrue();
        assertThat(data.byteSize()).isEqualTo(64 * 4);
        assertThatThrownBy(() -> data.get(ValueLayout.JAVA_BYTE, 64 * 4)).isInstanceOf(IndexOutOfBoundsException.class);
        arena.close();
        assertThatThrownBy(() -> data.get(ValueLayout.JAVA_BYTE, 0)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void readsEveryTypeShapeAndPlace() throws IOException {
        String header = """
                {"f16":{"dtype":"F16","shape":[1,3],"data_offsets":[6,12]},\
                "f32":{"dtype":"F32","shape":[2],"data_offsets":[12,20]},\
                "bf16":{"dtype":"BF16","shape":[3,1],"data_offsets":[0,6]},\
                "none":{"dtype":"F32","shape":[0,7],"data_offsets":[20,20]}}  \
                """;
        byte[] bytes = safetensors(header, 20);
        ByteBuffer data = ByteBuffer.wrap(bytes, bytes.length - 20, 20).slice().order(ByteOrder.LITTLE_ENDIAN);
        short[] halves = {
            DType.floatToBf16(1.5f),
            DType.floatToBf16(-3),
            DType.floatToBf16(0.25f),
            Float.floatToFloat16(1.5f),
            Float.floatToFloat16(-65504),
            Float.floatToFloat16(0x1p-24f)
        };
        data.asShortBuffer().put(halves);
        data.putFloat(12, 3.14f).putFloat(16, -0f);
        Path path = Files.write(folder.resolve("x.safetensors"), bytes);
        Safetensors file = Safetensors.open(path, arena);
        assertThat(file.names()).containsExactly("bf16", "f16", "f32", "none");
        assertThat(file.metadata()).isEmpty();
        assertThat(file.tensor("bf16").toFloats()).containsExactly(1.5f, -3, 0.25f);
        assertThat(file.tensor("bf16").shape()).isEqualTo("BF16 3 x 1");
        assertThat(file.tensor("f16").toFloats()).containsExactly(1.5f, -65504, 0x1p-24f);
        assertThat(file.tensor("f16").shape()).isEqualTo("F16 1 x 3");
        assertThat(file.tensor("f32").toFloats()).containsExactly(3.14f, -0f);
        assertThat(file.tensor("none").shape()).isEqualTo("F32 0 x 7");
    }

    /** Checkpoints are larger than an int can count; a sparse file is large without filling the disk. */
    @Test
    void mapsBeyondTwoGibibytes() throws IOException {
        long rows = 3L << 18;
        long bytes = rows * 1024 * 4;
        String header = "{\"big\":{\"dtype\":\"F32\",\"shape\":[" + rows + ",1024],\"data_offsets\":[0," + bytes + "]},"
                + "\"last\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[" + bytes + "," + (bytes + 4) + "]}}";
        Path path = Files.write(folder.resolve("x.safetensors"), safetensors(header, 0));
        try (RandomAccessFile sparse = new RandomAccessFile(path.toFile(), "rw")) {
            long data = sparse.length();
            sparse.setLength(data + bytes);
            sparse.seek(data + bytes - 4);
            sparse.writeInt(Integer.reverseBytes(Float.floatToIntBits(1.25f)));
            sparse.writeInt(Integer.reverseBytes(Float.floatToIntBits(-7)));
        }
        Safetensors file = Safetensors.open(path, arena);
        assertThat(file.tensor("big").bytes()).isGreaterThan(Integer.MAX_VALUE);
        assertThat(file.tensor("big").get((int) rows - 1, 1023)).isEqualTo(1.25);
        assertThat(file.tensor("big").get((int) rows - 1, 1022)).isZero();
        assertThat(file.tensor("last").get(0, 0)).isEqualTo(-7);
    }

    /** What the reference library wrote, we write again to the byte. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "llama3/model/model.safetensors",
                "qwen3/adapter/adapter_model.safetensors",
                "qwen2/model/model-00002-of-00005.safetensors"
            })
    void writesTheReferencesBytes(String name) {
        Path copy = folder.resolve("copy.safetensors");
        CheckpointFiles.write(copy, CheckpointFiles.read(golden(name), arena));
        assertThat(copy).hasSameBinaryContentAs(golden(name));
    }

    @Test
    void writesViewsAndSortsByTypeThenName() throws IOException {
        Tensor wide = Tensor.of(arena, 2, 3, 1, 2, 3, 4, 5, 6);
        Tensor half = Tensor.allocate(arena, DType.F16, 3, 5);
        half.set(2, 4, 0.5);
        Path path = folder.resolve("x.safetensors");
        CheckpointFiles.write(path, Map.of("a half", half, "view", wide.columns(1, 3), "é\"\\", wide));
        Safetensors file = Safetensors.open(path, arena);
        assertThat(file.tensor("view").toFloats()).containsExactly(2, 3, 5, 6);
        assertThat(file.tensor("a half").get(2, 4)).isEqualTo(0.5);
        assertThat(file.tensor("é\"\\").toFloats()).containsExactly(1, 2, 3, 4, 5, 6);
        assertThat(file.entry("view").start()).isZero();
        assertThat(file.entry("a half").end()).isEqualTo(file.entry("a half").start() + 30);
        assertThat(ByteBuffer.wrap(Files.readAllBytes(path))
                                .order(ByteOrder.LITTLE_ENDIAN)
                                .getLong(0)
                        % 8)
                .isZero();
    }

    @Test
    void anUnfinishedFileNeverAppears() throws IOException {
        Path path = Files.writeString(folder.resolve("x.safetensors"), "what was there before");
        List<SafetensorsWriter.Spec> specs = List.of(
                SafetensorsWriter.Spec.matrix("a", DType.F32, 2, 3), SafetensorsWriter.Spec.vector("b", DType.F32, 2));
        try (SafetensorsWriter writer = new SafetensorsWriter(path, specs)) {
            writer.write(Tensor.of(arena, 2, 3, 1, 2, 3, 4, 5, 6));
            assertThatThrownBy(writer::commit)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("first b");
            assertThatThrownBy(() -> writer.write(Tensor.of(arena, 1, 3, 1, 2, 3)))
                    .isInstanceOf(IllegalArgumentException.class);
        }
        assertThat(path).hasContent("what was there before");
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files).containsExactly(path);
        }
    }

    @Test
    void saysWhereItCannotWrite() {
        Path path = folder.resolve("missing/x.safetensors");
        assertThatThrownBy(() -> CheckpointFiles.write(path, Map.of()))
                .isInstanceOf(BadInput.class)
                .hasMessage(
                        path + ": cannot be written (no such folder); check the folder, its permissions and the disk");
    }
}
