package candor.lora;

import static candor.model.CheckpointFiles.golden;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import candor.model.CheckpointFiles;
import candor.model.ModelConfig;
import candor.model.Mutations;
import candor.model.Projection;
import candor.model.Safetensors;
import candor.model.Weights;
import candor.tensor.DType;
import candor.tensor.Tensor;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import java.util.regex.Matcher;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PeftFilesTest {
    private static final String PREFIX = "base_model.model.model.layers.";

    private final Arena arena = Arena.ofConfined();
    private final Memory memory = Memory.of(arena);

    private final List<Weights> opened = new ArrayList<>();

    @TempDir
    Path folder;

    @AfterEach
    void close() {
        opened.forEach(Weights::close);
        arena.close();
    }

    @Test
    void readsTheGoldenConfigurations() {
        assertThat(shape("llama3", "llama3/adapter").uniform())
                .isEqualTo(new LoraConfig(4, 8, false, EnumSet.allOf(Projection.class)));
        assertThat(shape("qwen2", "qwen2/adapter").uniform())
                .isEqualTo(new LoraConfig(8, 16, true, EnumSet.allOf(Projection.class)));
        assertThat(shape("qwen3", "qwen3/adapter").uniform())
                .isEqualTo(new LoraConfig(4, 4, false, Set.of(Projection.QUERY, Projection.VALUE)));
    }

    @Test
    void putsEveryFactorInItsPlace() {
        Safetensors file = Safetensors.open(golden("qwen2/adapter/adapter_model.safetensors"), arena);
        Adapter adapter = PeftFiles.trained(golden("qwen2/adapter"), model("qwen2"), memory);
        for (int layer = 0; layer < 3; layer++) {
            for (Projection projection : Projection.values()) {
                String name = PREFIX + layer + "." + projection.block() + "." + projection.peftName();
                assertThat(adapter.a(layer, projection).toFloats())
                        .isEqualTo(file.tensor(name + ".lora_A.weight").toFloats());
                assertThat(adapter.b(layer, projection).toFloats())
                        .isEqualTo(file.tensor(name + ".lora_B.weight").toFloats());
            }
        }
        assertThat(adapter.trained()).isTrue();
        assertThat(PeftFiles.frozen(golden("qwen2/adapter"), weights("qwen2"), memory)
                        .trained())
                .isFalse();
    }

    /** What PEFT wrote comes back to the byte; of the configuration, all but the order of a set. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "llama3/adapter",
                "qwen2/adapter",
                "qwen3/adapter",
                "llama3/kto/adapter",
                "llama3/kto/adapter/ref"
            })
    void writesWhatPeftWrote(String name) throws IOException {
        Path original = golden(name);
        ObjectMapper mapper = new ObjectMapper();
        JsonNode config =
                mapper.readTree(original.resolve("adapter_config.json").toFile());
        PeftFiles.write(
                folder.resolve("new/copy"),
                PeftFiles.frozen(original, weights(name.substring(0, name.indexOf('/'))), memory),
                config.get("base_model_name_or_path").textValue());
        Path copy = folder.resolve("new/copy");
        assertThat(copy.resolve("adapter_model.safetensors"))
                .hasSameBinaryContentAs(original.resolve("adapter_model.safetensors"));
        assertThat(sorted(Files.readString(copy.resolve("adapter_config.json"))))
                .isEqualTo(sorted(Files.readString(original.resolve("adapter_config.json"))));
    }

    /** The lines of the target modules in order; their commas aside. */
    private static String sorted(String config) throws IOException {
        ObjectMapper mapper = new ObjectMapper();
        ArrayNode modules = (ArrayNode) mapper.readTree(config).get("target_modules");
        Set<String> names = new TreeSet<>();
        modules.forEach(module -> names.add(module.textValue()));
        assertThat(names).hasSize(modules.size());
        return config.replaceAll("(?s)\"target_modules\": \\[.*?\\]", "\"target_modules\": " + names);
    }

    @Test
    void readsWhatItWrote() {
        Adapter adapter = Adapter.trained(memory, new AdapterLayout(AdapterTest.MODEL, AdapterTest.ALL))
                .initialise(1);
        adapter.b(2, Projection.OUTPUT).set(13, 4, -0.125);
        Path first = folder.resolve("first");
        Path second = folder.resolve("second");
        PeftFiles.write(first, adapter, null);
        Adapter read = PeftFiles.trained(first, AdapterTest.MODEL, memory);
        assertThat(read.shape()).isEqualTo(adapter.shape());
        assertThat(read.parameters().toFloats()).isEqualTo(adapter.parameters().toFloats());
        PeftFiles.write(second, read, null);
        for (String name : new String[] {"adapter_config.json", "adapter_model.safetensors"}) {
            assertThat(second.resolve(name)).hasSameBinaryContentAs(first.resolve(name));
        }
    }

    @Test
    void keepsAnAlphaThatIsNotWholeAndARankOfOne() {
        LoraConfig config = new LoraConfig(1, 1.5, true, Set.of(Projection.UP));
        Adapter adapter = Adapter.frozen(memory, new AdapterLayout(AdapterTest.MODEL, config))
                .initialise(9);
        PeftFiles.write(folder, adapter, "base");
        Adapter read = PeftFiles.trained(folder, AdapterTest.MODEL, memory);
        assertThat(read.shape().uniform()).isEqualTo(config);
        assertThat(read.parameters().toFloats()).isEqualTo(adapter.parameters().toFloats());
    }

    @ParameterizedTest
    @CsvSource({"BF16", "F16"})
    void readsHalfPrecision(DType dtype) {
        Path copy = CheckpointFiles.copy("qwen3/adapter", folder.resolve("half"));
        Path file = copy.resolve("adapter_model.safetensors");
        Map<String, Tensor> halves = new TreeMap<>();
        CheckpointFiles.read(file, arena).forEach((name, tensor) -> {
            Tensor half = Tensor.allocate(arena, dtype, tensor.rows(), tensor.cols());
            for (int r = 0; r < tensor.rows(); r++) {
                for (int c = 0; c < tensor.cols(); c++) {
                    half.set(r, c, tensor.get(r, c));
                }
            }
            halves.put(name, half);
        });
        CheckpointFiles.write(file, halves);
        Adapter adapter = PeftFiles.frozen(copy, weights("qwen3"), memory);
        assertThat(adapter.b(1, Projection.VALUE).toFloats())
                .containsExactly(
                        halves.get(PREFIX + "1.self_attn.v_proj.lora_B.weight").toFloats());
    }

    @Test
    void allLinearIsAllSeven() {
        Path copy = CheckpointFiles.copy("llama3/adapter", folder.resolve("copy"));
        CheckpointFiles.edit(
                copy.resolve("adapter_config.json"),
                text -> text.replaceAll("(?s)\"target_modules\": \\[.*?\\]", "\"target_modules\": \"all-linear\""));
        assertThat(PeftFiles.shape(copy, model("llama3")).uniform().projections())
                .containsExactly(Projection.values());
    }

    private static final String MERGE =
            "; merge it into its base with PEFT's merge_and_unload, and give the result as model";

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "\"use_qalora\": false | \"use_qalora\": true | use_qalora is true, which is not supported MERGE",
                "\"fan_in_fan_out\": false | \"fan_in_fan_out\": true | fan_in_fan_out is true, which is not supported"
                        + " MERGE",
                "\"modules_to_save\": null | \"modules_to_save\": [\"norm\"] | modules_to_save is [\"norm\"], which is not"
                        + " supported; only lm_head and embed_tokens are MERGE",
                "\"rank_pattern\": {} | \"rank_pattern\": {\"q_proj\": 2.5} | rank_pattern is {\"q_proj\":2.5}, expected"
                        + " whole numbers; correct it, or take another file",
                "\"rank_pattern\": {} | \"rank_pattern\": {\"q_proj\": 0} | rank_pattern.q_proj is 0, expected a number"
                        + " from 1.0 to 4096.0; correct it, or take another file",
                "\"alpha_pattern\": {} | \"alpha_pattern\": {\"(q_proj\": 2} | alpha_pattern is {\"(q_proj\":2}, expected a"
                        + " regular expression; correct it, or take another file",
                "\"layers_to_transform\": null | \"layers_to_transform\": -1 | layers_to_transform is -1, expected a whole"
                        + " number from 0 to 1048576; correct it, or take another file",
                "\"layers_to_transform\": null | \"layers_to_transform\": 7 | target_modules is [\"q_proj\",\"v_proj\"],"
                        + " expected linear layers of this model, such as q_proj, k_proj, v_proj, o_proj, gate_proj,"
                        + " up_proj, down_proj, that are not excluded; correct it, or take another file",
                "\"layer_replication\": null | \"layer_replication\": [[0, 1]] | layer_replication is [[0,1]], which is not"
                        + " supported MERGE",
                "\"arrow_config\": null | \"arrow_config\": {\"top_k\": 1} | arrow_config is {\"top_k\":1}, which is not"
                        + " supported; take an adapter of plain LoRA",
                "\"trainable_token_indices\": null | \"trainable_token_indices\": {\"wte\": [5]} |"
                        + " trainable_token_indices is {\"wte\":[5]}, which is not supported; only lm_head and"
                        + " embed_tokens have such rows MERGE",
                "\"use_rslora\": false | \"use_rslora\": false, \"use_new\": 1 | use_new is 1, which is not supported MERGE",
                "\"bias\": \"none\" | \"bias\": \"some\" | bias is \"some\", expected none, all or lora_only; correct it, or"
                        + " take another file",
                "\"LORA\" | \"IA3\" | peft_type is \"IA3\", which is not supported; only LORA is MERGE",
                "\"LORA\" | \"P_TUNING\" | peft_type is \"P_TUNING\", which is not supported; only LORA is; take an adapter"
                        + " of plain LoRA",
                "\"CAUSAL_LM\" | \"SEQ_CLS\" | task_type is \"SEQ_CLS\", which is not supported; only CAUSAL_LM is; take"
                        + " an adapter for generating text",
                "\"init_lora_weights\": true | \"init_lora_weights\": \"pissa_niter_4\" | init_lora_weights is"
                        + " \"pissa_niter_4\", which is not supported; such a start changes the base's weights; save the"
                        + " adapter with PEFT's path_initial_model_for_weight_conversion, or merge it into its base with"
                        + " PEFT's merge_and_unload, and give the result as model",
                "\"init_lora_weights\": true | \"init_lora_weights\": \"loftq\" | init_lora_weights is \"loftq\", which is not"
                        + " supported; such a start changes the base's weights MERGE",
                "\"r\": 4 | \"r\": 0 | r is 0, expected a whole number from 1 to 4096; correct it, or take another file",
                "\"r\": 4, | `` | has no r; check that it is the right file",
                "\"lora_alpha\": 4 | \"lora_alpha\": -4 | lora_alpha is -4, expected a number from 1.0E-6 to 1000000.0;"
                        + " correct it, or take another file",
            })
    void refusesByName(String from, String to, String message) {
        Path copy = CheckpointFiles.copy("qwen3/adapter", folder.resolve("copy"));
        Path config = copy.resolve("adapter_config.json");
        CheckpointFiles.edit(config, text -> text.replace(from, to));
        assertThatThrownBy(() -> PeftFiles.frozen(copy, weights("qwen3"), memory))
                .isInstanceOf(BadInput.class)
                .hasMessage(config + ": " + message.replace(" MERGE", MERGE));
    }

    /** What has no say in what an adapter computes. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"init_lora_weights\": true | \"init_lora_weights\": \"mica\"",
                "\"init_lora_weights\": true | \"init_lora_weights\": \"eva\", \"eva_config\": {\"rho\": 2}",
                "\"init_lora_weights\": true | \"init_lora_weights\": false",
                "\"velora_config\": null | \"velora_config\": {\"num_groups\": 32}",
                "\"lora_dropout\": 0.0 | \"lora_dropout\": 0.1",
            })
    void takesWhatOnlyConcernsTraining(String from, String to) {
        Path copy = CheckpointFiles.copy("qwen3/adapter", folder.resolve("copy"));
        CheckpointFiles.edit(
                copy.resolve("adapter_config.json"),
                text -> text.replaceAll("\"eva_config\": null,\\s*", "").replace(from, to));
        assertThat(PeftFiles.shape(copy, model("qwen3"))).isEqualTo(shape("qwen3", "qwen3/adapter"));
    }

    /** To use, but not to train: one line that says what to do. */
    @ParameterizedTest
    @CsvSource({
        "dora, use_dora is true",
        "lora_bias, lora_bias is true",
        "bias_all, 'bias is \"all\"'",
        "saved_head, 'modules_to_save is [\"lm_head\"]'",
        "tokens, 'trainable_token_indices is [3,40,301]'",
    })
    void refusesToTrain(String kind, String key) {
        Path adapter = golden("peft/qwen2/" + kind);
        assertThatThrownBy(() -> PeftFiles.trained(adapter, model("qwen2"), memory))
                .isInstanceOf(BadInput.class)
                .hasMessage(adapter.resolve("adapter_config.json") + ": " + key
                        + ", which generate, eval, chat and merge know, but training does not; merge the adapter into its"
                        + " base (./candor merge) and train a new one on the result");
    }

    /** Where layers differ, the shape that is written is the one that was read. */
    @ParameterizedTest
    @ValueSource(
            strings = {"all_linear", "suffixes", "regex", "layers", "layer", "patterns", "exclude", "exclude_regex"})
    void writesWhatDiffersFromLayerToLayer(String kind) {
        Adapter adapter = PeftFiles.trained(golden("peft/qwen2/" + kind), model("qwen2"), memory);
        PeftFiles.write(folder, adapter, null);
        assertThat(PeftFiles.shape(folder, model("qwen2"))).isEqualTo(adapter.shape());
        assertThat(folder.resolve("adapter_model.safetensors"))
                .hasSameBinaryContentAs(golden("peft/qwen2/" + kind + "/adapter_model.safetensors"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "[] | target_modules is [], expected at least one of q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj,"
                        + " down_proj; correct it, or take another file",
                "null | target_modules is null, expected a list of at most 65536 texts; correct it, or take another file",
                "\"(q_proj\" | target_modules is \"(q_proj\", expected a regular expression; correct it, or take another"
                        + " file",
                "\"(.*)*\\\\1x\" | target_modules is \"(.*)*\\\\1x\", expected a regular expression that is quickly matched;"
                        + " correct it, or take another file",
                "[\"c_attn\"] | target_modules is [\"c_attn\"], expected linear layers of this model, such as q_proj, k_proj,"
                        + " v_proj, o_proj, gate_proj, up_proj, down_proj, that are not excluded; correct it, or take another"
                        + " file",
            })
    void refusesTargetModules(String value, String message) {
        Path copy = CheckpointFiles.copy("qwen3/adapter", folder.resolve("copy"));
        Path config = copy.resolve("adapter_config.json");
        CheckpointFiles.edit(
                config,
                text -> text.replaceAll(
                        "(?s)\"target_modules\": \\[.*?\\]", Matcher.quoteReplacement("\"target_modules\": " + value)));
        assertThatThrownBy(() -> PeftFiles.shape(copy, model("qwen3")))
                .isInstanceOf(BadInput.class)
                .hasMessage(config + ": " + message);
    }

    /** PEFT's older files are pickles, which run what they hold. */
    @Test
    void refusesPickles() throws IOException {
        Path copy = CheckpointFiles.copy("qwen3/adapter", folder.resolve("copy"));
        Files.move(copy.resolve("adapter_model.safetensors"), copy.resolve("adapter_model.bin"));
        assertRefused(
                copy,
                "qwen3",
                copy
                        + ": has its weights in adapter_model.bin, which can run code when it is read; save the adapter again"
                        + " with PEFT (save_pretrained) to get adapter_model.safetensors");
    }

    @Test
    void saysWhatDiffersInAnAdapterForAnotherModel() {
        Path qwen3 = golden("qwen3/adapter");
        Path weights = qwen3.resolve("adapter_model.safetensors");
        assertRefused(
                qwen3,
                "qwen2",
                weights + ": tensor " + PREFIX + "0.self_attn.q_proj.lora_A.weight has the shape [4, 64], expected"
                        + " [4, 48] for rank 4 and the 3 layers of this model; check that the adapter was made for this model");
        assertRefused(
                golden("qwen2/adapter"),
                "llama3",
                golden("qwen2/adapter/adapter_model.safetensors") + ": tensor " + PREFIX
                        + "2.mlp.down_proj.lora_A.weight belongs to a layer that the model does not have, it has 2; check"
                        + " that the adapter was made for this model");
    }

    @Test
    void refusesFactorsThatDoNotFit() {
        Path copy = CheckpointFiles.copy("qwen3/adapter", folder.resolve("copy"));
        Path file = copy.resolve("adapter_model.safetensors");
        String name = PREFIX + "1.self_attn.v_proj.lora_B.weight";
        rewrite(file, (tensors, a) -> tensors.remove(name));
        assertRefused(
                copy,
                "qwen3",
                file + ": tensor " + name + " is missing, expected for rank 4 and the 2 layers of this model;"
                        + " check that the adapter was made for this model");
        rewrite(file, (tensors, a) -> {
            tensors.put(name, Tensor.allocate(a, DType.F32, 32, 4));
            tensors.get(name).set(31, 3, Double.NaN);
        });
        assertRefused(
                copy,
                "qwen3",
                file + ": tensor " + name + " holds the value NaN; the run that wrote it had diverged, take another"
                        + " adapter");
        String key = PREFIX + "1.self_attn.k_proj.lora_B.weight";
        rewrite(file, (tensors, a) -> {
            tensors.put(name, Tensor.allocate(a, DType.F32, 32, 4));
            tensors.put(key, Tensor.allocate(a, DType.F32, 32, 4));
        });
        assertRefused(
                copy,
                "qwen3",
                file + ": tensor " + key + " has no place in an adapter of the settings in adapter_config.json; check"
                        + " that the two files belong together");
        rewrite(file, (tensors, a) -> tensors.remove(key));
        String magnitude = PREFIX + "0.self_attn.q_proj.lora_magnitude_vector";
        rewrite(file, (tensors, a) -> tensors.put(magnitude, Tensor.allocate(a, DType.F32, 1, 128)));
        assertRefused(
                copy,
                "qwen3",
                file + ": tensor " + magnitude
                        + " has no place in an adapter of the settings in adapter_config.json; check"
                        + " that the two files belong together");
    }

    @Test
    void refusesWhatIsNoAdapter() throws IOException {
        Path missing = folder.resolve("missing");
        String wanted = "; give the folder of an adapter, with adapter_config.json and adapter_model.safetensors";
        assertRefused(missing, "qwen3", missing + ": no such folder" + wanted);
        assertRefused(
                folder,
                "qwen3",
                folder + ": is not an adapter in PEFT's layout: it has no adapter_config.json; give a folder with"
                        + " adapter_config.json and adapter_model.safetensors, or the folder of a run");
        Files.copy(golden("qwen3/adapter/adapter_config.json"), folder.resolve("adapter_config.json"));
        assertRefused(
                folder,
                "qwen3",
                folder + ": is not an adapter in PEFT's layout: it has no adapter_model.safetensors; give a folder with"
                        + " adapter_config.json and adapter_model.safetensors");
        Path linked = CheckpointFiles.copy("qwen3/adapter", folder.resolve("linked"));
        Path weights = linked.resolve("adapter_model.safetensors");
        Files.createSymbolicLink(weights, Files.move(weights, folder.resolve("elsewhere")));
        assertRefused(
                linked,
                "qwen3",
                linked + ": the file adapter_model.safetensors is a link that points outside the folder; use a folder"
                        + " that holds its own files");
    }

    @Test
    void saysWhereItCannotWrite() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "x");
        Adapter adapter = Adapter.frozen(memory, new AdapterLayout(AdapterTest.MODEL, AdapterTest.TWO));
        assertThatThrownBy(() -> PeftFiles.write(file, adapter, null))
                .isInstanceOf(BadInput.class)
                .hasMessage(file + ": cannot be created as a folder (a file is in the way); choose another one");
        Files.createDirectories(folder.resolve("adapter_model.safetensors/x"));
        assertThatThrownBy(() -> PeftFiles.write(folder, adapter, null))
                .isInstanceOf(BadInput.class)
                .hasMessageStartingWith(folder.resolve("adapter_model.safetensors") + ": cannot be written (");
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files).hasSize(2);
        }
    }

    /** Spoiled configurations and weights either load or are refused in one line. */
    @Test
    void fuzz() throws IOException {
        long seed = Long.getLong("candor.fuzz.seed", 1);
        int rounds = Integer.getInteger("candor.fuzz.rounds", 400);
        Mutations mutations = new Mutations(seed);
        ModelConfig model = model("qwen3");
        int loaded = 0;
        for (String spoiled : new String[] {"adapter_config.json", "adapter_model.safetensors"}) {
            Path copy = CheckpointFiles.copy("qwen3/adapter", folder.resolve(spoiled + ".d"));
            Path file = copy.resolve(spoiled);
            byte[] original = Files.readAllBytes(file);
            for (int round = 0; round < rounds; round++) {
                Files.write(
                        file, spoiled.endsWith(".json") ? mutations.json(original) : mutations.safetensors(original));
                try (Arena each = Arena.ofConfined()) {
                    PeftFiles.trained(copy, model, Memory.of(each));
                    loaded++;
                } catch (BadInput e) {
                    if (!e.getMessage().matches(".+: .+; .+")) {
                        throw new AssertionError("seed " + seed + ", round " + round, e);
                    }
                } catch (RuntimeException | Error e) {
                    throw new AssertionError("seed " + seed + ", " + spoiled + ", round " + round, e);
                }
            }
        }
        assertThat(loaded).isBetween(1, rounds * 18 / 10);
    }

    private void rewrite(Path file, BiConsumer<Map<String, Tensor>, Arena> change) {
        Map<String, Tensor> tensors = CheckpointFiles.read(file, arena);
        change.accept(tensors, arena);
        CheckpointFiles.write(file, tensors);
    }

    private void assertRefused(Path adapter, String model, String message) {
        assertThatThrownBy(() -> PeftFiles.frozen(adapter, weights(model), memory))
                .isInstanceOf(BadInput.class)
                .hasMessage(message);
    }

    private static AdapterShape shape(String model, String adapter) {
        return PeftFiles.shape(golden(adapter), model(model));
    }

    /** Those of a golden model, for as long as the test. */
    private Weights weights(String name) {
        Weights loaded = Weights.load(golden(name + "/model"));
        opened.add(loaded);
        return loaded;
    }

    private static ModelConfig model(String name) {
        return ModelConfig.read(golden(name + "/model/config.json"));
    }
}
