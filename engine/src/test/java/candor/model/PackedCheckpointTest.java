package candor.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import candor.GoldenFolders;
import candor.model.SafetensorsWriter.Raw;
import candor.ops.weight.PackedForm;
import candor.ops.weight.PackedWeight;
import candor.ops.weight.StoredWeight;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Checkpoints that come packed, as transformers with bitsandbytes wrote them and as fp8 is published: loaded, and what is wrong named. */
class PackedCheckpointTest {
    private static final String DOWN = "model.layers.0.mlp.down_proj.weight";
    private static final String STATE = DOWN + ".quant_state.bitsandbytes__nf4";

    @TempDir
    Path folder;

    /** A tensor of a file, to be changed. */
    private record Content(String type, List<Long> shape, byte[] bytes) {}

    private static Path golden(String name) {
        return GoldenFolders.folder(name).resolve("model");
    }

    /** A golden checkpoint with other tensors. */
    private Path changed(String name, Consumer<Map<String, Content>> change) throws IOException {
        Map<String, Content> tensors = new TreeMap<>();
        try (Arena arena = Arena.ofShared()) {
            Safetensors file = Safetensors.open(golden(name).resolve(ModelFolder.WEIGHTS), arena);
            for (String each : file.names()) {
                Safetensors.Entry entry = file.entry(each);
                byte[] bytes = file.bytes(each).toArray(ValueLayout.JAVA_BYTE);
                tensors.put(each, new Content(entry.dtype(), entry.shape(), bytes));
            }
        }
        change.accept(tensors);
        List<Raw> items = new ArrayList<>();
        tensors.forEach(
                (each, content) -> items.add(new Raw(each, content.type(), content.shape(), content.bytes().length)));
        try (SafetensorsWriter writer = new SafetensorsWriter(folder.resolve(ModelFolder.WEIGHTS), items)) {
            writer.order()
                    .forEach(item -> writer.writeBytes(
                            MemorySegment.ofArray(tensors.get(item.name()).bytes())));
            writer.commit();
        }
        Files.copy(golden(name).resolve(ModelFolder.CONFIG), folder.resolve(ModelFolder.CONFIG));
        return folder;
    }

    private void refused(Path model, String message) {
        assertThatThrownBy(() -> Weights.load(model))
                .isInstanceOf(BadInput.class)
                .hasMessage(model.resolve(ModelFolder.WEIGHTS) + ": " + message);
    }

    @ParameterizedTest
    @CsvSource({"nf4, NF4, 4.53", "int8, INT8, 8.5", "fp8, FP8, 8.1"})
    void linearLayersArePackedAndTheRestIsNot(String name, PackedForm form, double bits) {
        try (Weights weights = Weights.load(golden(name))) {
            ModelConfig config = weights.config();
            assertThat(config.packing().form()).isEqualTo(form);
            long packed = 0;
            long elements = 0;
            for (LayerWeights layer : weights.layers()) {
                for (Projection projection : Projection.values()) {
                    assertThat(layer.weight(projection).form()).isEqualTo(form);
                    packed += layer.weight(projection).bytes();
                    elements += (long) projection.inputs(config) * projection.outputs(config);
                }
            }
            // Four bits and eight for 64 elements, and so on, and what rounds up in matrices as small as these.
            assertThat(8.0 * packed / elements).isBetween(bits - 0.4, bits);
            assertThat(weights.embedding().form()).isEqualTo(config.form());
            assertThat(weights.head().form()).isEqualTo(config.form());
            assertThat(weights.bytes()).isEqualTo(config.weightBytes(config.form()));
            assertThat(config.elementsByForm().get(form)).isEqualTo(elements);
        }
    }

    /** Packed as it is loaded, a weight has the numbers that it would have on its own. */
    @ParameterizedTest
    @EnumSource
    void whatIsPackedAsItIsLoadedIsTheSame(PackedForm form) {
        try (Weights plain = Weights.load(golden("qwen2"));
                Weights packed = Weights.load(golden("qwen2"), form);
                Arena arena = Arena.ofShared()) {
            assertThat(packed.config()).isEqualTo(plain.config().packed(form));
            for (int layer = 0; layer < plain.config().layers(); layer++) {
                for (Projection projection : Projection.values()) {
                    StoredWeight own =
                            StoredWeight.of(packed.layers().get(layer).weight(projection));
                    PackedWeight want =
                            form.pack(StoredWeight.of(plain.layers().get(layer).weight(projection)), arena);
                    for (int row = 0; row < want.rows(); row++) {
                        assertThat(own.row(row)).containsExactly(want.row(row));
                    }
                }
            }
            assertThat(packed.embedding().form()).isEqualTo(plain.embedding().form());
        }
    }

    @Test
    void whatIsPackedAlreadyIsNotPackedOtherwise() {
        try (Weights same = Weights.load(golden("int8"), PackedForm.INT8)) {
            assertThat(same.config().packing().form()).isEqualTo(PackedForm.INT8);
        }
        assertThatThrownBy(() -> Weights.load(golden("int8"), PackedForm.NF4))
                .isInstanceOf(BadInput.class)
                .hasMessage("the checkpoint is packed as int8 already; leave weights out, or take the model that it was"
                        + " made of");
    }

    @Test
    void aNumberThatIsNotFiniteIsNamedWithItsTensor() throws IOException {
        Path model = changed("llama3", tensors -> {
            byte[] bytes = tensors.get(DOWN).bytes();
            bytes[7] = 0x7f;
            bytes[6] = (byte) 0xff;
        });
        assertThatThrownBy(() -> Weights.load(model, PackedForm.NF4))
                .isInstanceOf(BadInput.class)
                .hasMessage(model.resolve(ModelFolder.WEIGHTS) + ": tensor " + DOWN
                        + ": holds a number that is not finite, which no packed form can say");
    }

    /** A layer that was left alone may be plain. */
    @Test
    void aPlainLayerAmongPackedOnesStaysPlain() throws IOException {
        Path model = changed("int8", tensors -> {
            tensors.put(DOWN, new Content("BF16", List.of(64L, 160L), new byte[2 * 64 * 160]));
            tensors.remove("model.layers.0.mlp.down_proj.SCB");
            tensors.remove("model.layers.0.mlp.down_proj.weight_format");
        });
        try (Weights weights = Weights.load(model)) {
            assertThat(weights.layers().getFirst().weight(Projection.DOWN).form())
                    .isEqualTo(weights.config().form());
            assertThat(weights.layers().getFirst().weight(Projection.UP).form()).isEqualTo(PackedForm.INT8);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {".absmax", ".quant_map", ".nested_absmax", ".nested_quant_map"})
    void aPartThatIsMissingIsNamed(String part) throws IOException {
        Path model = changed("nf4", tensors -> tensors.remove(DOWN + part));
        refused(
                model,
                "tensor " + DOWN + " is packed, and " + DOWN + part
                        + ", which belongs to it, is missing; download the model again");
    }

    @Test
    void aMissingStateIsNamed() throws IOException {
        refused(
                changed("nf4", tensors -> tensors.remove(STATE)),
                "tensor " + DOWN + " is packed, and " + STATE
                        + ", which says how, is missing; download the model again");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"blocksize\": 64 | \"blocksize\": 128 | tensor STATE.blocksize is 128, which is not supported; 64"
                        + " is; PLAIN",
                "\"nested_blocksize\": 256 | \"nested_blocksize\": 512 | tensor STATE.nested_blocksize is 512, which"
                        + " is not supported; 256 is; PLAIN",
                "\"quant_type\": \"nf4\" | \"quant_type\": \"nf3\" | tensor DOWN has the quant_type nf3, which is not"
                        + " supported: nf4 is; PLAIN",
                "\"shape\": [64, 160] | \"shape\": [160, 64] | tensor STATE.shape is [160,64], expected [64, 160];"
                        + " correct it, or take another file",
                "\"nested_offset\" | \"offset\" | has no tensor STATE.nested_offset; check that it is the right file",
                "{ | [ | tensor STATE: is not valid JSON: Unexpected character (':' (code 58)): was expecting comma"
            })
    void aStateThatIsWrongIsNamed(String from, String to, String message) throws IOException {
        Path model = changed("nf4", tensors -> {
            String text = new String(tensors.get(STATE).bytes(), StandardCharsets.UTF_8);
            assertThat(text).contains(from);
            byte[] bytes = text.replace(from, to).getBytes(StandardCharsets.UTF_8);
            tensors.put(STATE, new Content("U8", List.of((long) bytes.length), bytes));
        });
        assertThatThrownBy(() -> Weights.load(model))
                .isInstanceOf(BadInput.class)
                .hasMessageStartingWith(model.resolve(ModelFolder.WEIGHTS) + ": "
                        + message.replace("STATE", STATE)
                                .replace("DOWN", DOWN)
                                .replace("PLAIN", "take the model in bfloat16, which weights packs as it is loaded"));
    }

    @Test
    void fourBitsOfAnotherKindAreNamed() throws IOException {
        Path model = changed("nf4", tensors -> tensors.put(STATE.replace("nf4", "fp4"), tensors.remove(STATE)));
        refused(
                model,
                "tensor " + DOWN
                        + " has the quant_type fp4, which is not supported: nf4 is; take the model in bfloat16,"
                        + " which weights packs as it is loaded");
    }

    @Test
    void codesOfAnotherLengthAreNamed() throws IOException {
        Path model =
                changed("nf4", tensors -> tensors.put(DOWN, new Content("U8", List.of(5119L, 1L), new byte[5119])));
        refused(
                model,
                "tensor " + DOWN + " has 5119 bytes of codes, expected 5120, two in each, for [64, 160]; check that"
                        + " config.json and the weights belong together");
    }

    @Test
    void aTableThatIsNotNf4sIsNamed() throws IOException {
        Path model = changed("nf4", tensors -> tensors.get(DOWN + ".quant_map").bytes()[2] = 0);
        refused(model, "tensor " + DOWN + ".quant_map has -0.5 for code 0, expected NF4's -1.0; take another model");
    }

    @ParameterizedTest
    @CsvSource({
        "nf4, .absmax, U8, 159, 'U8 [159], expected U8 [160]; check that it belongs to DOWN'",
        "nf4, .absmax, F32, 160, 'F32 [160], expected U8 [160]; check that it belongs to DOWN'",
        "fp8, _scale_inv, F32, 2, 'F32 [2], expected F32 or BF16 or F16 [1, 1]; check that it belongs to DOWN'"
    })
    void sizesOfAnotherShapeAreNamed(String name, String part, String type, int count, String is) throws IOException {
        Path model = changed(
                name,
                tensors -> tensors.put(
                        DOWN + part,
                        new Content(type, List.of((long) count), new byte[count * (type.equals("U8") ? 1 : 4)])));
        refused(model, "tensor " + DOWN + part + " is " + is.replace("DOWN", DOWN));
    }

    @Test
    void aMatrixOnItsSideIsNamed() throws IOException {
        Path model = changed(
                "int8",
                tensors -> tensors.computeIfPresent(
                        DOWN, (_, there) -> new Content("I8", List.of(160L, 64L), there.bytes())));
        refused(
                model,
                "tensor " + DOWN + " is I8 [160, 64], expected I8 [64, 160]; check that config.json and the weights"
                        + " belong together");
    }

    @ParameterizedTest
    @CsvSource({
        "int8, model.layers.0.mlp.down_proj.SCB",
        "fp8, model.layers.0.mlp.down_proj.weight_scale_inv",
        "nf4, model.layers.0.mlp.down_proj.weight.nested_absmax"
    })
    void aSizeThatIsNotFiniteIsNamed(String name, String part) throws IOException {
        Path model = changed(name, tensors -> {
            byte[] bytes = tensors.get(part).bytes();
            bytes[3] = 0x7f;
            bytes[2] = (byte) 0x80;
        });
        refused(model, "tensor " + part + " holds a number that is not finite, at 0; download the model again");
    }

    /** Both signs of NaN, at the start, within and behind the last eight; the numbers beside it are sound. */
    @ParameterizedTest
    @CsvSource({"0, 127", "77, -1", "8190, 127", "8191, -1"})
    void aCodeOfFp8ThatIsNotANumberIsNamed(int at, byte code) throws IOException {
        Path model = changed("fp8", tensors -> {
            byte[] bytes = tensors.get(DOWN).bytes();
            bytes[0] = 0x7e;
            bytes[1] = (byte) 0xfe;
            bytes[2] = (byte) 0x80;
            bytes[at] = code;
        });
        refused(
                model,
                "tensor " + DOWN + " holds a number that is not finite, at " + at + "; download the model again");
    }

    /** 0 is row after row; others are tiles, which look the same. */
    @Test
    void codesOfInt8InTilesAreNamed() throws IOException {
        String format = "model.layers.0.mlp.down_proj.weight_format";
        Path model = changed("int8", tensors -> tensors.get(format).bytes()[0] = 2);
        refused(
                model,
                "tensor " + format + " says that the codes are not row after row, which is not supported; take the"
                        + " model in bfloat16, which weights packs as it is loaded");
    }

    @Test
    void int8ThatDoesNotSayHowItsCodesStandHasThemInRows() throws IOException {
        Path model = changed("int8", tensors -> tensors.remove("model.layers.0.mlp.down_proj.weight_format"));
        try (Weights weights = Weights.load(model);
                Weights said = Weights.load(golden("int8"))) {
            StoredWeight down = StoredWeight.of(weights.layers().getFirst().weight(Projection.DOWN));
            assertThat(down.row(63))
                    .isEqualTo(StoredWeight.of(said.layers().getFirst().weight(Projection.DOWN))
                            .row(63));
        }
    }

    /** The weights are packed, and config.json says nothing of it. */
    @ParameterizedTest
    @CsvSource({
        "nf4, nf4, model.layers.0.mlp.down_proj.weight.absmax",
        "int8, int8, model.layers.0.mlp.down_proj.SCB",
        "fp8, fp8, model.layers.0.mlp.down_proj.weight_scale_inv"
    })
    void packedWeightsThatConfigDoesNotTellOfAreNamed(String name, String form, String first) throws IOException {
        Path model = changed(name, _ -> {});
        Files.copy(
                golden(name.equals("fp8") ? "qwen3" : "llama3").resolve(ModelFolder.CONFIG),
                model.resolve("plain.json"));
        Files.move(model.resolve("plain.json"), model.resolve(ModelFolder.CONFIG), StandardCopyOption.REPLACE_EXISTING);
        refused(
                model,
                "tensor " + first + " belongs to a weight that is packed as " + form
                        + ", which config.json does not say of this layer; check that the two belong together");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"quant_method\": \"gptq\", \"bits\": 4} | quantization_config.quant_method is \"gptq\", which is not"
                        + " supported; bitsandbytes (nf4, int8) and fp8 are; PLAIN",
                "{\"quant_method\": \"awq\", \"bits\": 4} | quantization_config.quant_method is \"awq\", which is not"
                        + " supported; bitsandbytes (nf4, int8) and fp8 are; PLAIN",
                "{\"quant_method\": \"mxfp4\"} | quantization_config.quant_method is \"mxfp4\", which is not supported;"
                        + " bitsandbytes (nf4, int8) and fp8 are; PLAIN",
                "{\"quant_method\": \"compressed-tensors\"} | quantization_config.quant_method is"
                        + " \"compressed-tensors\", which is not supported; bitsandbytes (nf4, int8) and fp8 are; PLAIN",
                "{\"bits\": 4} | quantization_config is {\"bits\":4}, which is not supported; bitsandbytes (nf4, int8)"
                        + " and fp8 are; PLAIN",
                "{\"quant_method\": \"bitsandbytes\"} | quantization_config says neither load_in_4bit nor load_in_8bit"
                        + " alone, expected one of them; take another file",
                "{\"load_in_4bit\": true} | quantization_config.bnb_4bit_quant_type is fp4, which is not supported: nf4"
                        + " is; PLAIN",
                "{\"quant_method\": \"fp8\"} | quantization_config.weight_block_size is null, which is not supported;"
                        + " blocks of [128,128] are; PLAIN",
                "{\"quant_method\": \"fp8\", \"weight_block_size\": [64, 128]} | quantization_config.weight_block_size"
                        + " is [64,128], which is not supported; blocks of [128,128] are; PLAIN",
                "{\"quant_method\": \"fp8\", \"fmt\": \"e5m2\"} | quantization_config.fmt is \"e5m2\", which is not"
                        + " supported; e4m3 is; PLAIN",
                "{\"quant_method\": \"fp8\", \"activation_scheme\": \"static\"} |"
                        + " quantization_config.activation_scheme is \"static\", which is not supported; dynamic is; PLAIN"
            })
    void waysOfPackingThatAreNotSupportedAreNamed(String config, String message) throws IOException {
        String plain = "take the model in bfloat16, which weights packs as it is loaded";
        assertThatThrownBy(() -> read(config))
                .isInstanceOf(BadInput.class)
                .hasMessage(folder.resolve(ModelFolder.CONFIG) + ": " + message.replace("PLAIN", plain));
    }

    private ModelConfig read(String quantization) throws IOException {
        String text = Files.readString(golden("llama3").resolve(ModelFolder.CONFIG));
        Path file = folder.resolve(ModelFolder.CONFIG);
        Files.writeString(file, text.replaceFirst("\\{", "{\"quantization_config\": " + quantization + ","));
        return ModelConfig.read(file);
    }

    @Test
    void modulesThatAreLeftAloneAreNotCounted() throws IOException {
        ModelConfig config = read("{\"quant_method\": \"bitsandbytes\", \"load_in_8bit\": true,"
                + " \"llm_int8_skip_modules\": [\"lm_head\", \"down_proj\", \"model.layers.1\"]}");
        long all = ModelConfig.read(golden("int8").resolve(ModelFolder.CONFIG))
                .elementsByForm()
                .get(PackedForm.INT8);
        assertThat(config.elementsByForm().get(PackedForm.INT8)).isEqualTo(all / 2 - 64 * 160);
        assertThat(read("null").packing()).isNull();
    }
}
