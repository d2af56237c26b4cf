package candor.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import candor.BadInput;
import candor.GoldenFolders;
import candor.export.gguf.GgmlType;
import candor.export.gguf.GgufFile;
import candor.export.gguf.GgufTensor;
import candor.export.gguf.GgufValue;
import candor.io.Sha256;
import candor.lora.Adapter;
import candor.lora.AdapterShape;
import candor.lora.Memory;
import candor.lora.PeftFiles;
import candor.merge.Merge;
import candor.model.Architecture;
import candor.model.ModelConfig;
import candor.model.ModelFolder;
import candor.model.Projection;
import candor.model.Safetensors;
import candor.model.SafetensorsWriter.Spec;
import candor.model.StoredTensors;
import candor.model.Weights;
import candor.ops.cpu.CpuBackend;
import candor.ops.weight.StoredWeight;
import candor.tensor.DType;
import candor.tensor.Tensor;
import candor.text.TemplateChoice;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class GgufExportTest {
    @TempDir
    private Path folder;

    private final List<String> said = new ArrayList<>();

    private Path output() {
        return folder.resolve("m.gguf");
    }

    private static Path model(String name) {
        return GoldenFolders.folder(name).resolve("model");
    }

    private ExportReport export(Path model, Path adapter, ExportType type) {
        return GgufExport.run(
                new GgufExport.Settings(model, adapter, output(), type, TemplateChoice.DEFAULT, null, false),
                said::add,
                () -> false);
    }

    private ExportReport lora(String name, ExportType type) {
        return GgufLora.run(
                new GgufLora.Settings(
                        model(name), GoldenFolders.folder(name).resolve("adapter"), output(), type, null, false),
                () -> false);
    }

    /** A golden model in a folder of its own, with a file changed. */
    private Path changed(String name, String file, String from, String to) throws IOException {
        Path copy = Files.createDirectories(folder.resolve("changed"));
        try (Stream<Path> files = Files.list(model(name))) {
            for (Path each : files.toList()) {
                Files.copy(each, copy.resolve(each.getFileName()));
            }
        }
        String text = Files.readString(copy.resolve(file));
        assertThat(text).contains(from);
        Files.writeString(copy.resolve(file), text.replace(from, to));
        return copy;
    }

    private static Object value(Map<String, GgufValue> metadata, String key) {
        return switch (metadata.get(key)) {
            case GgufValue.Scalar scalar -> scalar.value();
            case GgufValue.Array array -> array.values();
            case null -> null;
        };
    }

    /** What llama.cpp calls a tensor, by the suffix of its name in a checkpoint. */
    private static final Map<String, String> NAMES = Map.ofEntries(
            Map.entry("input_layernorm.weight", "attn_norm.weight"),
            Map.entry("self_attn.q_proj.weight", "attn_q.weight"),
            Map.entry("self_attn.k_proj.weight", "attn_k.weight"),
            Map.entry("self_attn.v_proj.weight", "attn_v.weight"),
            Map.entry("self_attn.o_proj.weight", "attn_output.weight"),
            Map.entry("self_attn.q_proj.bias", "attn_q.bias"),
            Map.entry("self_attn.k_proj.bias", "attn_k.bias"),
            Map.entry("self_attn.v_proj.bias", "attn_v.bias"),
            Map.entry("self_attn.q_norm.weight", "attn_q_norm.weight"),
            Map.entry("self_attn.k_norm.weight", "attn_k_norm.weight"),
            Map.entry("mlp.gate_proj.weight", "ffn_gate.weight"),
            Map.entry("mlp.up_proj.weight", "ffn_up.weight"),
            Map.entry("mlp.down_proj.weight", "ffn_down.weight"),
            Map.entry("pre_feedforward_layernorm.weight", "ffn_norm.weight"),
            Map.entry("post_feedforward_layernorm.weight", "post_ffw_norm.weight"));

    private static String name(String stored, Architecture family) {
        return switch (stored) {
            case "model.embed_tokens.weight" -> "token_embd.weight";
            case "model.norm.weight" -> "output_norm.weight";
            case "lm_head.weight" -> "output.weight";
            default -> {
                String[] parts = stored.split("\\.", 4); // model.layers.N.SUFFIX
                String suffix = parts[3].equals("post_attention_layernorm.weight")
                        ? family == Architecture.GEMMA3 ? "post_attention_norm.weight" : "ffn_norm.weight"
                        : NAMES.get(parts[3]);
                yield "blk." + parts[2] + "." + suffix;
            }
        };
    }

    /** The row of a checkpoint that llama.cpp's rotation of neighbours wants in this place. */
    private static int row(String stored, ModelConfig config, int row) {
        boolean llama = config.architecture() == Architecture.LLAMA || config.architecture() == Architecture.MISTRAL;
        if (!llama || !(stored.contains("q_proj") || stored.contains("k_proj"))) {
            return row;
        }
        int width = config.heads().width();
        int head = row / width;
        int within = row % width;
        return head * width + (within % 2 == 0 ? within / 2 : width / 2 + within / 2);
    }

    @ParameterizedTest
    @MethodSource("candor.GoldenFolders#names")
    void theFileHoldsTheModelsTensors(String name) {
        export(model(name), null, null);
        compare(model(name), 0);
    }

    /** Each number of a checkpoint where llama.cpp looks for it. */
    private void compare(Path model, double room) {
        try (Arena arena = Arena.ofConfined()) {
            ModelFolder checkpoint = ModelFolder.at(model);
            ModelConfig config = checkpoint.config();
            StoredTensors stored = StoredTensors.open(checkpoint, null, arena);
            GgufFile file = GgufFile.open(output(), arena);
            boolean stretched = file.tensors().containsKey("rope_freqs.weight");
            assertThat(file.tensors()).hasSize(stored.specs().size() + (stretched ? 1 : 0));
            for (Spec spec : stored.specs()) {
                GgufTensor tensor = file.tensors().get(name(spec.name(), config.architecture()));
                assertThat(tensor).as(spec.name()).isNotNull();
                assertThat(List.of(tensor.rows(), tensor.cols(), tensor.vector()))
                        .isEqualTo(List.of(spec.rows(), spec.cols(), spec.vector()));
                StoredWeight values = stored.weight(spec.name(), arena);
                for (int r = 0; r < spec.rows(); r++) {
                    float[] row = file.row(tensor.name(), r);
                    for (int c = 0; c < spec.cols(); c++) {
                        double expected = spec.vector()
                                ? values.get(0, row(spec.name(), config, c))
                                : values.get(row(spec.name(), config, r), c);
                        if (config.architecture() == Architecture.GEMMA3 && spec.vector()) {
                            expected = (float) expected + 1f;
                            if (spec.name().endsWith("q_norm.weight")) {
                                expected *=
                                        Math.sqrt(16 / 24.0); // its query_pre_attn_scalar is 24, its heads are 16 wide
                            }
                        }
                        assertThat(Math.abs(row[c] - expected))
                                .as("%s %d %d", spec.name(), r, c)
                                .isLessThanOrEqualTo(room + Math.abs(expected) * 1e-7);
                    }
                }
            }
        }
    }

    @Test
    void settingsHaveLlamaCppsKeys() {
        export(model("llama3"), null, ExportType.F16);
        try (Arena arena = Arena.ofConfined()) {
            GgufFile file = GgufFile.open(output(), arena);
            Map<String, GgufValue> keys = file.metadata();
            assertThat(value(keys, "general.architecture")).isEqualTo("llama");
            assertThat(value(keys, "general.type")).isEqualTo("model");
            assertThat(value(keys, "general.file_type")).isEqualTo(1L);
            assertThat(value(keys, "llama.vocab_size")).isEqualTo(512L);
            assertThat(value(keys, "llama.context_length")).isEqualTo(512L);
            assertThat(value(keys, "llama.embedding_length")).isEqualTo(64L);
            assertThat(value(keys, "llama.block_count")).isEqualTo(2L);
            assertThat(value(keys, "llama.feed_forward_length")).isEqualTo(160L);
            assertThat(value(keys, "llama.attention.head_count")).isEqualTo(4L);
            assertThat(value(keys, "llama.attention.head_count_kv")).isEqualTo(2L);
            assertThat(value(keys, "llama.attention.key_length")).isEqualTo(16L);
            assertThat(value(keys, "llama.attention.layer_norm_rms_epsilon")).isEqualTo(1e-5f);
            assertThat(value(keys, "llama.rope.dimension_count")).isEqualTo(16L);
            assertThat(value(keys, "llama.rope.freq_base")).isEqualTo(500_000f);
            assertThat(value(keys, "tokenizer.ggml.model")).isEqualTo("gpt2");
            assertThat(value(keys, "tokenizer.ggml.pre")).isEqualTo("smaug-bpe"); // its words need merges
            assertThat((List<?>) value(keys, "tokenizer.ggml.tokens"))
                    .hasSize(512)
                    .first()
                    .isEqualTo("<|begin_of_text|>");
            List<?> types = (List<?>) value(keys, "tokenizer.ggml.token_type");
            assertThat(types).hasSize(512);
            assertThat(types.subList(0, 6)).isEqualTo(List.of(3L, 3L, 3L, 3L, 3L, 1L));
            assertThat((List<?>) value(keys, "tokenizer.ggml.merges")).hasSize(251);
            assertThat(value(keys, "tokenizer.ggml.bos_token_id")).isEqualTo(0L);
            assertThat(value(keys, "tokenizer.ggml.eos_token_id")).isEqualTo(4L);
            assertThat(value(keys, "tokenizer.ggml.padding_token_id")).isEqualTo(1L);
            assertThat(value(keys, "tokenizer.ggml.add_bos_token")).isEqualTo(true);
            assertThat(value(keys, "tokenizer.ggml.add_eos_token")).isEqualTo(false);
            assertThat((String) value(keys, "tokenizer.chat_template")).startsWith("{{- bos_token }}");
            // 16 / 2 frequencies; the shortest waves stay, the longest are divided by the factor.
            float[] divisors = file.row("rope_freqs.weight", 0);
            assertThat(divisors).hasSize(8).startsWith(1f).endsWith(8f, 8f);
        }
        assertThat(said).isEmpty();
    }

    @Test
    void gemmasWindowAndPatternAreSaid() {
        export(model("gemma3"), null, null);
        try (Arena arena = Arena.ofConfined()) {
            Map<String, GgufValue> keys = GgufFile.open(output(), arena).metadata();
            assertThat(value(keys, "gemma3.attention.sliding_window")).isEqualTo(9L);
            assertThat(value(keys, "gemma3.attention.sliding_window_pattern")).isEqualTo(List.of(true, false, true));
            assertThat(value(keys, "gemma3.rope.freq_base")).isEqualTo(1e6f);
            assertThat(value(keys, "gemma3.rope.freq_base_swa")).isEqualTo(1e4f);
            assertThat(value(keys, "tokenizer.ggml.model")).isEqualTo("llama");
            assertThat(value(keys, "tokenizer.ggml.add_space_prefix")).isEqualTo(false);
            assertThat(value(keys, "tokenizer.ggml.unknown_token_id")).isEqualTo(3L);
            List<?> types = (List<?>) value(keys, "tokenizer.ggml.token_type");
            assertThat(types.subList(0, 6)).isEqualTo(List.of(3L, 3L, 3L, 2L, 3L, 3L));
            assertThat(types.stream().filter(type -> type.equals(6L))).hasSize(256);
        }
    }

    @Test
    void mistralsWindowIsSaidToBeIgnored() {
        export(model("mistral"), null, null);
        assertThat(said)
                .containsExactly(
                        "llama.cpp gives this family no sliding window: what it says of texts of more than 7 tokens"
                                + " differs",
                        "the tokenizer's merges are not those of a SentencePiece model, as which llama.cpp reads them:"
                                + " it may cut some texts into other tokens");
        try (Arena arena = Arena.ofConfined()) {
            Map<String, GgufValue> keys = GgufFile.open(output(), arena).metadata();
            assertThat(value(keys, "general.architecture")).isEqualTo("llama");
            assertThat(value(keys, "tokenizer.ggml.add_space_prefix")).isEqualTo(true);
        }
    }

    /** What the adapter changes is what a merge writes, in each type that both have. */
    @ParameterizedTest
    @CsvSource({"llama3, F32", "qwen2, BF16", "qwen3, F16", "gemma3, F32", "mistral, BF16"})
    void anAdapterIsMergedAsMergeDoes(String name, ExportType type) {
        Path adapter = GoldenFolders.folder(name).resolve("adapter");
        export(model(name), adapter, type);
        Path merged = folder.resolve("merged");
        DType dtype = DType.valueOf(type == ExportType.F32 ? "F32" : type == ExportType.F16 ? "F16" : "BF16");
        try (CpuBackend backend = new CpuBackend(1)) {
            Merge.run(
                    new Merge.Settings(model(name), null, adapter, merged, dtype, null, 1L << 30, false),
                    backend,
                    () -> false);
        }
        // Merge rounds norms to that type, too; here they stay in float32.
        compareMatrices(merged);
    }

    private void compareMatrices(Path model) {
        try (Arena arena = Arena.ofConfined()) {
            ModelFolder checkpoint = ModelFolder.at(model);
            ModelConfig config = checkpoint.config();
            StoredTensors stored = StoredTensors.open(checkpoint, null, arena);
            GgufFile file = GgufFile.open(output(), arena);
            for (Spec spec : stored.specs()) {
                for (int r = 0; r < spec.rows() && !spec.vector(); r++) {
                    float[] row = stored.weight(spec.name(), arena).row(row(spec.name(), config, r));
                    assertThat(file.row(name(spec.name(), config.architecture()), r))
                            .isEqualTo(row);
                }
            }
        }
    }

    /** Rows of 40, 48, 64 and more: whole blocks of 32 or not, never of 256. */
    @ParameterizedTest
    @CsvSource({"llama3, Q8_0, 16, 0, 0", "llama3, Q4_K, 1, 15, 0", "gemma3, Q8_0, 3, 0, 19", "qwen2, Q4_K, 0, 3, 19"})
    void rowsThatAreNotWholeBlocksFallBack(String name, ExportType type, long q8, long q5, long f16) {
        ExportReport report = export(model(name), null, type);
        Map<GgmlType, Long> tensors = report.tensors();
        assertThat(tensors.getOrDefault(GgmlType.Q8_0, 0L)).isEqualTo(q8);
        assertThat(tensors.getOrDefault(GgmlType.Q5_0, 0L)).isEqualTo(q5);
        assertThat(tensors.getOrDefault(GgmlType.F16, 0L)).isEqualTo(f16);
        if (name.equals("llama3")) {
            compare(model(name), type == ExportType.Q8_0 ? 0.01 : 0.1);
        } else {
            assertThat(said)
                    .anyMatch(line -> line.matches("rows of \\[\\d.*] numbers are not whole blocks of " + type
                            + ": they are stored in f16, as llama.cpp does"));
        }
    }

    @ParameterizedTest
    @MethodSource("candor.GoldenFolders#names")
    void anAdapterAloneHasBothFactors(String name) {
        lora(name, ExportType.F32);
        try (Arena arena = Arena.ofConfined();
                Weights weights = Weights.load(model(name))) {
            Adapter adapter =
                    PeftFiles.frozen(GoldenFolders.folder(name).resolve("adapter"), weights, Memory.of(arena));
            GgufFile file = GgufFile.open(output(), arena);
            Map<String, GgufValue> keys = file.metadata();
            assertThat(value(keys, "general.type")).isEqualTo("adapter");
            assertThat(value(keys, "adapter.type")).isEqualTo("lora");
            float alpha = (Float) value(keys, "adapter.lora.alpha");
            assertThat(file.tensors()).hasSize(2 * adapter.shape().sites().size());
            for (Map.Entry<AdapterShape.Place, AdapterShape.Site> site :
                    adapter.shape().sites().entrySet()) {
                int layer = site.getKey().layer();
                Projection projection = site.getKey().projection();
                String stored = site.getKey().module() + ".weight";
                String at = name(stored, adapter.model().architecture());
                int rank = site.getValue().rank();
                for (int r = 0; r < rank; r++) {
                    assertThat(file.row(at + ".lora_a", r))
                            .isEqualTo(
                                    adapter.a(layer, projection).rows(r, r + 1).toFloats());
                }
                Tensor b = adapter.b(layer, projection);
                for (int r = 0; r < b.rows(); r++) {
                    float[] row = file.row(at + ".lora_b", r);
                    for (int c = 0; c < rank; c++) {
                        double expected = b.get(row(stored, adapter.model(), r), c)
                                * site.getValue().scale();
                        assertThat(row[c] * (double) alpha / rank).isCloseTo(expected, within(1e-6));
                    }
                }
            }
        }
    }

    /** Ranks and scales that differ from place to place, by PEFT's patterns: one α for all, the rest in B. */
    @Test
    void scalesThatDifferGoIntoTheSecondFactor() throws IOException {
        Path adapter = Files.createDirectories(folder.resolve("adapter"));
        Path from = GoldenFolders.folder("llama3").resolve("adapter");
        Files.copy(from.resolve("adapter_model.safetensors"), adapter.resolve("adapter_model.safetensors"));
        String config = Files.readString(from.resolve("adapter_config.json"));
        assertThat(config).contains("\"alpha_pattern\": {}");
        Files.writeString(
                adapter.resolve("adapter_config.json"),
                config.replace("\"alpha_pattern\": {}", "\"alpha_pattern\": {\"q_proj\": 3}"));
        GgufLora.run(
                new GgufLora.Settings(model("llama3"), adapter, output(), ExportType.F32, null, false), () -> false);
        try (Arena arena = Arena.ofConfined();
                Weights weights = Weights.load(model("llama3"))) {
            Adapter read = PeftFiles.frozen(adapter, weights, Memory.of(arena));
            GgufFile file = GgufFile.open(output(), arena);
            assertThat(value(file.metadata(), "adapter.lora.alpha")).isEqualTo(1f);
            assertThat(file.row("blk.1.attn_q.weight.lora_b", 0)[1])
                    .isEqualTo(3 * (float) read.b(1, Projection.QUERY).get(0, 1));
            float alpha = (float) (read.shape().at(1, Projection.DOWN).alpha());
            assertThat(file.row("blk.1.ffn_down.weight.lora_b", 5)[2])
                    .isEqualTo(alpha * (float) read.b(1, Projection.DOWN).get(5, 2));
        }
    }

    /**
     * The bytes that llama.cpp 0.5.0 (its library as the npm package @node-llama-cpp/linux-x64 3.22.1 ships it, through its C API, on
     * one thread with keys and values in float32) loaded, and what it then said. Of the texts of the case's tokenizer.json (20 each) it
     * made the same tokens, but for one in decomposed Unicode of qwen2 and qwen3, which it does not compose. From the prompts of
     * generate.json it went on greedily with the 24 tokens of the golden case, of base, of the merged model and of the base with the
     * adapter's file, all 4 each; mistral, whose window it ignores, with what Candor says of the model without a window, 50 prompts of
     * 50. Logits of the padded batch were at most 3e-6 off (llama3, qwen3; qwen2 from the merged float32 file), 2e-3 for gemma3,
     * whose gelu is a table there. Python's gguf 0.19.0 read each file.
     */
    @ParameterizedTest
    @CsvSource({
        "llama3, 347773093b9610ccdb0e7d8bbb0ad0099af8080f725921f4ceaed989b3f20550,"
                + " bd966463df90823cf4c645d7416a77d7e3ab9900fa24bcfc10ec0d6153d11620",
        "qwen2, 20247431455cd992729d5e54e79262015dad68cf5acd9ad8d77d4a960a5f5308,"
                + " 81ce9b61e38d9f36b0646eb1f7488a7c80e8d360f3d5cbc40c865e7ed24a49a3",
        "qwen3, 35d60a322a4e365616fd8ba2e81127771da8b50207d795584cc61f04bcab4f55,"
                + " b9c894cb7b0c284bda84f7421ffd5add16e45562ecd74239b94cdba335f31c69",
        "gemma3, b5fc740133d20601c8323d8ae4b023b09df06735c820352244b2800cf18beb42,"
                + " 0ec506b1a082550d5a669356f2808db65d2daddaebbfd66ebddd16e92e5ab9e8",
        "mistral, 35d34ee95e63105f09cab895939b02a6f9c48b1a9a84c2ccda2084f714c90908,"
                + " 00bf42d90a7f3ade797732dc7f27e94af2a9e579186bd907a16aee09850ddc1a"
    })
    void theBytesAreThoseThatLlamaCppAnsweredFrom(String name, String base, String lora) throws IOException {
        export(model(name), null, null);
        assertThat(Sha256.hex(Files.readAllBytes(output()))).isEqualTo(base);
        Files.delete(output());
        lora(name, ExportType.F32);
        assertThat(Sha256.hex(Files.readAllBytes(output()))).isEqualTo(lora);
    }

    @Test
    void anotherTemplateGoesWithIt() {
        GgufExport.run(
                new GgufExport.Settings(
                        model("qwen2"), null, output(), null, new TemplateChoice("qwen", "{}"), "Q 2", false),
                said::add,
                () -> false);
        try (Arena arena = Arena.ofConfined()) {
            Map<String, GgufValue> keys = GgufFile.open(output(), arena).metadata();
            assertThat((String) value(keys, "tokenizer.chat_template")).contains("<|im_start|>");
            assertThat(value(keys, "general.name")).isEqualTo("Q 2");
        }
    }

    @Test
    void aModelWithoutATemplateHasNone() throws IOException {
        Path model = changed("llama3", "tokenizer_config.json", "\"chat_template\"", "\"no_template\"");
        export(model, null, null);
        assertThat(said).containsExactly("the model has no chat template, and neither has the file");
        try (Arena arena = Arena.ofConfined()) {
            assertThat(GgufFile.open(output(), arena).metadata()).doesNotContainKey("tokenizer.chat_template");
        }
    }

    @Test
    void wordsThatAreTokensNeedNoMergesInLlama3() throws IOException {
        export(changed("llama3", "tokenizer.json", "\"ignore_merges\": false", "\"ignore_merges\": true"), null, null);
        try (Arena arena = Arena.ofConfined()) {
            assertThat(value(GgufFile.open(output(), arena).metadata(), "tokenizer.ggml.pre"))
                    .isEqualTo("llama-bpe");
        }
    }

    private void refused(Path model, ExportType type, String line) {
        assertThatThrownBy(() -> export(model, null, type))
                .isInstanceOf(BadInput.class)
                .hasMessage(line);
        assertThat(output()).doesNotExist();
    }

    @Test
    void whatLlamaCppDoesNotCutAlikeIsRefused() throws IOException {
        Path model = changed("llama3", "tokenizer.json", "\\\\p{N}{1,3}", "\\\\p{N}{1,4}");
        refused(
                model,
                null,
                model + "/tokenizer.json: cuts words in a way that is not among llama.cpp's pre-tokenizers:"
                        + " {\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Split\",\"pattern\":{\"Regex\":\"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\\\r"
                        + "\\\\n"
                        + "\\\\p{L}\\\\p{N}]?\\\\p{L}+|\\\\p{N}{1,4}| ?[^\\\\s\\\\p{L}\\\\p{…; take another model");
    }

    @Test
    void frequenciesThatLlamaCppDoesNotStretchAreRefused() throws IOException {
        Path model = changed(
                "qwen3",
                "config.json",
                "\"rope_theta\": 1000000.0,",
                "\"rope_theta\": 1e6, \"factor\": 8, \"low_freq_factor\": 1, \"high_freq_factor\": 4,"
                        + " \"original_max_position_embeddings\": 128,");
        Files.writeString(
                model.resolve("config.json"),
                Files.readString(model.resolve("config.json"))
                        .replace("\"rope_type\": \"default\"", "\"rope_type\": \"llama3\""));
        refused(
                model,
                null,
                "llama.cpp does not stretch the rotary frequencies of a Qwen3ForCausalLM as llama3 does; take another"
                        + " model");
    }

    @Test
    void numbersThatAreNotFiniteAreRefused() throws IOException {
        for (float broken : new float[] {Float.NaN, Float.NEGATIVE_INFINITY}) {
            Path model = broken(broken);
            for (ExportType type : ExportType.values()) {
                refused(
                        model,
                        type,
                        "tensor output.weight holds " + broken
                                + ", which is not a finite number; the model is broken: train or download it again");
            }
        }
        refused(
                broken(70_000),
                ExportType.F16,
                "tensor output.weight holds 70000.0, and f16 no more than 65504.0; choose another {type}, such as bf16"
                        .replace("{type}", "type"));
        export(folder.resolve("broken70000.0"), null, ExportType.Q8_0);
    }

    /** llama3 with another first number in its last row of the head. */
    private Path broken(float number) throws IOException {
        Path copy = folder.resolve("broken" + number);
        Files.createDirectories(copy);
        try (Stream<Path> files = Files.list(model("llama3"))) {
            for (Path each : files.toList()) {
                Files.copy(each, copy.resolve(each.getFileName()));
            }
        }
        Path weights = copy.resolve("model.safetensors");
        long at;
        try (Arena arena = Arena.ofConfined()) {
            Safetensors file = Safetensors.open(weights, arena);
            byte[] all = Files.readAllBytes(weights);
            int header =
                    (int) ByteBuffer.wrap(all).order(ByteOrder.LITTLE_ENDIAN).getLong();
            at = Long.BYTES + header + file.entry("lm_head.weight").end() - 64 * Float.BYTES;
            ByteBuffer.wrap(all).order(ByteOrder.LITTLE_ENDIAN).putFloat(Math.toIntExact(at), number);
            Files.write(weights, all);
        }
        return copy;
    }

    @Test
    void anAdapterWithMoreThanFactorsIsMergedOnly() {
        Path dora = GoldenFolders.folder("peft").resolve("llama3").resolve("dora");
        assertThatThrownBy(() -> GgufLora.run(
                        new GgufLora.Settings(model("llama3"), dora, output(), ExportType.F32, null, false),
                        () -> false))
                .isInstanceOf(BadInput.class)
                .hasMessage(dora + ": changes more than two factors can say (DoRA, biases, or tables of its own);"
                        + " leave out lora, and it is merged");
        export(model("llama3"), dora, null);
        assertThat(output()).exists();
    }

    @Test
    void anAdapterAloneIsNotQuantised() {
        assertThatThrownBy(() -> lora("llama3", ExportType.Q4_K))
                .isInstanceOf(BadInput.class)
                .hasMessage(
                        "an adapter alone is not quantised; choose f32, f16 or bf16 as its type, or leave out lora");
    }

    @Test
    void whatIsThereStays() throws IOException {
        Files.writeString(output(), "mine");
        assertThatThrownBy(() -> export(model("llama3"), null, null))
                .isInstanceOf(BadInput.class)
                .hasMessage(output() + ": exists already; overwrite it with force, or choose another output");
        assertThat(output()).hasContent("mine");
        assertThatThrownBy(() -> GgufExport.run(
                        new GgufExport.Settings(
                                model("llama3"), null, folder, null, TemplateChoice.DEFAULT, null, true),
                        said::add,
                        () -> false))
                .isInstanceOf(BadInput.class)
                .hasMessage(folder + ": is a folder, and a file is to be made there; choose another output");
    }

    @Test
    void aStopLeavesNothing() {
        int[] asked = {0};
        assertThatThrownBy(() -> GgufExport.run(
                        new GgufExport.Settings(
                                model("llama3"), null, output(), null, TemplateChoice.DEFAULT, null, false),
                        said::add,
                        () -> asked[0]++ == 5))
                .isInstanceOf(CancellationException.class);
        assertThat(folder).isEmptyDirectory();
    }
}
