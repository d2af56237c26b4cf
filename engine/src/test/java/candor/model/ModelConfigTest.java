package candor.model;

import static candor.model.CheckpointFiles.golden;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import candor.ops.Heads;
import candor.ops.weight.PlainForm;
import candor.tensor.DType;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ModelConfigTest {
    @TempDir
    Path folder;

    @Test
    void readsThePublishedLayout() {
        ModelConfig expected = ModelConfig.of(Architecture.LLAMA)
                .hiddenSize(64)
                .intermediateSize(160)
                .layers(2)
                .heads(4, 2, 16)
                .vocabSize(512)
                .rmsNormEps(1e-5f)
                .rope(new Rope.Llama3(500_000, 8, 1, 4, 128))
                .tieWordEmbeddings(false)
                .maxPositionEmbeddings(512)
                .bosTokenId(0)
                .eosTokenIds(List.of(4))
                .padTokenId(1)
                .build();
        assertThat(ModelConfig.read(golden("llama3/model/config.json"))).isEqualTo(expected);
    }

    @Test
    void readsTheNewerLayout() {
        ModelConfig qwen2 = ModelConfig.read(golden("qwen2/model/config.json"));
        assertThat(qwen2.architecture()).isEqualTo(Architecture.QWEN2);
        assertThat(qwen2.heads()).isEqualTo(new Heads(6, 2, 8));
        assertThat(qwen2.rope()).isEqualTo(new Rope.Default(1_000_000));
        assertThat(qwen2.dtype()).isEqualTo(DType.BF16);
        assertThat(qwen2.tieWordEmbeddings()).isTrue();
        assertThat(qwen2.bosTokenId()).isNull();
        assertThat(qwen2.eosTokenIds()).containsExactly(2);
        ModelConfig qwen3 = ModelConfig.read(golden("qwen3/model/config.json"));
        assertThat(qwen3.architecture()).isEqualTo(Architecture.QWEN3);
        assertThat(qwen3.heads()).isEqualTo(new Heads(4, 1, 32));
        assertThat(qwen3.tieWordEmbeddings()).isFalse();
    }

    /** Both layouts of one model say the same. */
    @Test
    void theLayoutsAgree() throws IOException {
        ModelConfig newer = read("qwen3", "", "");
        ModelConfig published = read(
                "qwen3",
                "\"rope_parameters\": {\n    \"rope_theta\": 1000000.0,\n" + "    \"rope_type\": \"default\"\n  }",
                "\"rope_theta\": 1000000.0, \"rope_scaling\": null");
        assertThat(published).isEqualTo(newer);
        ModelConfig llama = read(
                "llama3",
                "\"rope_theta\": 500000.0,\n  \"rope_scaling\": {",
                "\"rope_parameters\": {\"rope_theta\": 500000.0,");
        assertThat(llama).isEqualTo(read("llama3", "", ""));
    }

    @Test
    void fillsInTheDefaultsOfTheReference() throws IOException {
        Path file = Files.writeString(folder.resolve("config.json"), """
            {"architectures": ["LlamaForCausalLM"], "hidden_size": 24, "intermediate_size": 7,
             "num_hidden_layers": 3, "num_attention_heads": 6, "vocab_size": 11, "max_position_embeddings": 5,
             "eos_token_id": [3, 4, 3], "pad_token_id": -1}
            """);
        ModelConfig config = ModelConfig.read(file);
        assertThat(config.heads()).isEqualTo(new Heads(6, 6, 4));
        assertThat(config.rope()).isEqualTo(new Rope.Default(10_000));
        assertThat(config.rmsNormEps()).isEqualTo(1e-6f);
        assertThat(config.tieWordEmbeddings()).isFalse();
        assertThat(config.dtype()).isEqualTo(DType.F32);
        assertThat(config.bosTokenId()).isNull();
        assertThat(config.eosTokenIds()).containsExactly(3, 4);
        assertThat(config.padTokenId()).isNull();
        Files.writeString(
                file, Files.readString(file).replace("[\"LlamaForCausalLM\"]", "null, \"model_type\": \"qwen3\""));
        assertThat(ModelConfig.read(file).architecture()).isEqualTo(Architecture.QWEN3);
        assertThat(ModelConfig.read(file).heads()).isEqualTo(new Heads(6, 6, 128));
    }

    /** A window that no layer uses, as Qwen's configurations carry it. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "\"sliding_window\": 4096, \"use_sliding_window\": false, \"max_window_layers\": 0",
                "\"sliding_window\": 4096, \"use_sliding_window\": true, \"max_window_layers\": 2",
                "\"sliding_window\": null, \"use_sliding_window\": true, \"max_window_layers\": 0"
            })
    void acceptsAWindowThatIsNotInUse(String keys) throws IOException {
        assertThat(withoutLayerTypes(keys).layers()).isEqualTo(2);
    }

    @Test
    void refusesAWindowInUse() {
        assertThatThrownBy(() -> withoutLayerTypes(
                        "\"sliding_window\": 4096, \"use_sliding_window\": true, \"max_window_layers\": 1"))
                .isInstanceOf(BadInput.class)
                .hasMessage(folder.resolve("config.json")
                        + ": sliding_window is 4096, which is not supported; only full attention is; take another"
                        + " model");
    }

    private ModelConfig withoutLayerTypes(String keys) throws IOException {
        String text = Files.readString(golden("qwen3/model/config.json"))
                .replaceAll("(?s)\"layer_types\": \\[.*?\\],", "")
                .replace("\"sliding_window\": null,", "")
                .replace("\"max_window_layers\": 28,", "")
                .replace("\"use_sliding_window\": false", keys);
        return ModelConfig.read(Files.writeString(folder.resolve("config.json"), text));
    }

    /** A window that is off is null; one that is not named is the reference's; one that no sequence is longer than is none. */
    @ParameterizedTest
    @CsvSource({
        "'\"sliding_window\": 7,', 512, 7",
        "'\"sliding_window\": null,', 512, 0",
        "'\"sliding_window\": 512,', 512, 0",
        "'', 32768, 4096",
        "'', 4096, 0"
    })
    void mistralsAttentionSlides(String window, int positions, int slides) throws IOException {
        String text = Files.readString(golden("mistral/model/config.json"))
                .replace("\"sliding_window\": 7,", window)
                .replace("\"max_position_embeddings\": 512", "\"max_position_embeddings\": " + positions);
        ModelConfig config = ModelConfig.read(Files.writeString(folder.resolve("config.json"), text));
        assertThat(config.architecture()).isEqualTo(Architecture.MISTRAL);
        assertThat(config.heads()).isEqualTo(new Heads(4, 2, 16, slides));
    }

    @Test
    void gemmasLayersAreLocalOrGlobal() {
        ModelConfig config = ModelConfig.read(golden("gemma3/model/config.json"));
        assertThat(config.architecture()).isEqualTo(Architecture.GEMMA3);
        assertThat(config.heads()).isEqualTo(new Heads(4, 1, 16, 9));
        assertThat(config.heads(1)).isEqualTo(new Heads(4, 1, 16));
        assertThat(config.heads(2)).isEqualTo(new Heads(4, 1, 16, 9));
        assertThat(config.rope(0)).isEqualTo(new Rope.Default(10_000));
        assertThat(config.rope(1)).isEqualTo(new Rope.Default(1_000_000));
        assertThat(config.queryScale()).isEqualTo((float) Math.sqrt(16 / 24.0));
        assertThat(config.tieWordEmbeddings()).isTrue();
    }

    /** What google/gemma-3-1b-it publishes, as far as the model depends on it. */
    @Test
    void readsGemmaAsPublished() throws IOException {
        String published = """
            {"architectures": ["Gemma3ForCausalLM"], "model_type": "gemma3_text", "attention_bias": false,
             "attn_logit_softcapping": null, "final_logit_softcapping": null, "bos_token_id": 2, "eos_token_id": [1, 106],
             "head_dim": 256, "hidden_activation": "gelu_pytorch_tanh", "hidden_size": 1152, "intermediate_size": 6912,
             "max_position_embeddings": 32768, "num_attention_heads": 4, "num_hidden_layers": 26,
             "num_key_value_heads": 1, "pad_token_id": 0, "query_pre_attn_scalar": 256, "rms_norm_eps": 1e-06,
             "rope_local_base_freq": 10000, "rope_scaling": null, "rope_theta": 1000000, "sliding_window": 512,
             "sliding_window_pattern": 6, "torch_dtype": "bfloat16", "vocab_size": 262144}
            """;
        ModelConfig config = ModelConfig.read(Files.writeString(folder.resolve("config.json"), published));
        assertThat(IntStream.range(0, 26).filter(layer -> config.heads(layer).window() == 0))
                .containsExactly(5, 11, 17, 23);
        assertThat(config.heads(0)).isEqualTo(new Heads(4, 1, 256, 512));
        assertThat(config.rope(4)).isEqualTo(new Rope.Default(10_000));
        assertThat(config.rope(5)).isEqualTo(new Rope.Default(1_000_000));
        assertThat(config.queryScale()).isEqualTo(1);
        assertThat(config.tieWordEmbeddings()).isTrue(); // the family's default
        assertThat(config.parameterCount()).isEqualTo(999_885_952L);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "\"attn_logit_softcapping\": null | \"attn_logit_softcapping\": 50.0 | attn_logit_softcapping is 50.0,"
                        + " which is not supported",
                "\"final_logit_softcapping\": null | \"final_logit_softcapping\": 30.0 | final_logit_softcapping is"
                        + " 30.0, which is not supported",
                "\"use_bidirectional_attention\": false | \"use_bidirectional_attention\": true |"
                        + " use_bidirectional_attention is true, which is not supported",
                "\"gelu_pytorch_tanh\" | \"gelu\" | hidden_activation is \"gelu\", which is not supported; only"
                        + " gelu_pytorch_tanh is",
                "\"full_attention\", | \"chunked_attention\", | layer_types is [\"sliding_attention\",",
                "\"sliding_window\": 9 | \"sliding_window\": 0 | sliding_window is 0, expected a whole number from 1",
            })
    void refusesWhatGemmaMayHaveByName(String from, String to, String message) {
        assertThatThrownBy(() -> read("gemma3", from, to))
                .isInstanceOf(BadInput.class)
                .hasMessageStartingWith(folder.resolve("config.json") + ": " + message);
    }

    /** What is changed in a golden configuration, into what, and what is said about it after the file's name. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "LlamaForCausalLM | PhiForCausalLM | architecture PhiForCausalLM is not supported; take a model of"
                        + " LlamaForCausalLM, Qwen2ForCausalLM, Qwen3ForCausalLM",
                "\"LlamaForCausalLM\" | \"LlamaForCausalLM\", \"x\" | architectures is"
                        + " [\"LlamaForCausalLM\",\"x\"], expected one of LlamaForCausalLM, Qwen2ForCausalLM,"
                        + " Qwen3ForCausalLM",
                "\"model_type\": \"llama\" | \"model_type\": \"qwen2\" | model_type is \"qwen2\", expected \"llama\""
                        + " beside LlamaForCausalLM; correct it, or take another file",
                "\"silu\" | \"gelu\" | hidden_act is \"gelu\", which is not supported; only silu is; take another"
                        + " model",
                "\"attention_bias\": false | \"attention_bias\": true | attention_bias is true, which is not supported;"
                        + " take another model",
                "\"mlp_bias\": false | \"mlp_bias\": true | mlp_bias is true, which is not supported; take another"
                        + " model",
                "\"attention_dropout\": 0.0 | \"attention_dropout\": 0.1 | attention_dropout is 0.1, which is not"
                        + " supported; set it to 0",
                "\"use_cache\": true | \"sliding_window\": 64 | sliding_window is 64, which is not supported; only full"
                        + " attention is; take another model",
                "\"use_cache\": true | \"layer_types\": [\"full_attention\"] | layer_types is [\"full_attention\"],"
                        + " expected 2 entries, as many as num_hidden_layers; correct it, or take another file",
                "\"use_cache\": true | \"layer_types\": [\"full_attention\", \"sliding_attention\"] | layer_types is"
                        + " [\"full_attention\",\"sliding_attention\"], which is not supported; only full attention is;"
                        + " take another model",
                "\"use_cache\": true | \"partial_rotary_factor\": 0.5 | partial_rotary_factor is 0.5, which is not"
                        + " supported; take another model",
                "\"hidden_size\": 64 | \"hidden_size\": 0 | hidden_size is 0, expected a whole number from 1 to 131072;"
                        + " correct it, or take another file",
                "\"hidden_size\": 64 | \"hidden_size\": -64 | hidden_size is -64, expected a whole number from 1 to"
                        + " 131072; correct it, or take another file",
                "\"hidden_size\": 64 | \"hidden_size\": 64.0 | hidden_size is 64.0, expected a whole number from 1 to"
                        + " 131072; correct it, or take another file",
                "\"hidden_size\": 64 | \"hidden_size\": \"64\" | hidden_size is \"64\", expected a whole number from 1"
                        + " to 131072; correct it, or take another file",
                "\"hidden_size\": 64 | \"hidden_size\": 99999999999999999999 | hidden_size is 99999999999999999999,"
                        + " expected a whole number from 1 to 131072; correct it, or take another file",
                "\"hidden_size\": 64, | `` | has no hidden_size; check that it is the right file",
                "\"num_hidden_layers\": 2 | \"num_hidden_layers\": 2000 | num_hidden_layers is 2000, expected a whole"
                        + " number from 1 to 1024; correct it, or take another file",
                "\"intermediate_size\": 160 | \"intermediate_size\": null | intermediate_size is null, expected a whole"
                        + " number from 1 to 524288; correct it, or take another file",
                "\"vocab_size\": 512 | \"vocab_size\": 5000000 | vocab_size is 5000000, expected a whole number from 1"
                        + " to 4194304; correct it, or take another file",
                "\"num_key_value_heads\": 2 | \"num_key_value_heads\": 3 | num_key_value_heads is 3, expected a divisor"
                        + " of num_attention_heads, which is 4; correct it, or take another file",
                "\"head_dim\": 16 | \"head_dim\": 15 | heads are 15 wide, expected an even width, for it is rotated in"
                        + " halves; take another model",
                "\"rms_norm_eps\": 1e-05 | \"rms_norm_eps\": 0 | rms_norm_eps is 0, expected a number from 1.0E-12 to"
                        + " 0.1; correct it, or take another file",
                "\"rms_norm_eps\": 1e-05 | \"rms_norm_eps\": 1e999 | rms_norm_eps is",
                "\"tie_word_embeddings\": false | \"tie_word_embeddings\": 0 | tie_word_embeddings is 0, expected true"
                        + " or false; correct it, or take another file",
                "\"eos_token_id\": 4 | \"eos_token_id\": 512 | eos_token_id is 512, expected a whole number from 0 to"
                        + " 511; correct it, or take another file",
                "\"eos_token_id\": 4 | \"eos_token_id\": [4, -1] | eos_token_id is [4,-1], expected a whole number from"
                        + " 0 to 511; correct it, or take another file",
                "\"bos_token_id\": 0 | \"bos_token_id\": \"<s>\" | bos_token_id is \"<s>\", expected a whole number"
                        + " from -1 to 511; correct it, or take another file",
                "\"float32\" | \"float8\" | torch_dtype is \"float8\", which is not supported; take the model in"
                        + " float32, bfloat16 or float16",
                "\"rope_type\": \"llama3\" | \"rope_type\": \"yarn\" | rope_scaling.rope_type is \"yarn\", which is not"
                        + " supported; default and llama3 are; take another model",
                "\"rope_type\": \"llama3\" | \"type\": \"linear\" | rope_scaling.type is \"linear\", which is not"
                        + " supported; default and llama3 are; take another model",
                "\"factor\": 8.0 | \"factor\": 0.5 | rope_scaling.factor is 0.5, expected a number from 1.0 to"
                        + " 1000000.0; correct it, or take another file",
                "\"factor\": 8.0, | `` | has no rope_scaling.factor; check that it is the right file",
                "\"high_freq_factor\": 4.0 | \"high_freq_factor\": 1.0 | rope_scaling.high_freq_factor is 1.0, expected"
                        + " more than low_freq_factor, which is 1.0; correct it, or take another file",
                "\"factor\": 8.0 | \"factor\": 8.0, \"mrope_section\": [1] | rope_scaling.mrope_section is [1], which"
                        + " is not supported; take another model",
                "\"rope_theta\": 500000.0 | \"rope_theta\": -1 | rope_theta is -1, expected a number from 1.0 to"
                        + " 1.0E15; correct it, or take another file",
                "\"use_cache\": true | \"rope_parameters\": {\"rope_type\": \"default\"} | rope_scaling and"
                        + " rope_parameters differ; remove the one that is wrong",
                "\"use_cache\": true | \"hidden_size\": 64 | is not valid JSON: Duplicate field 'hidden_size'",
            })
    void refusesByName(String from, String to, String message) {
        assertThatThrownBy(() -> read("llama3", from, to))
                .isInstanceOf(BadInput.class)
                .hasMessageStartingWith(folder.resolve("config.json") + ": " + message);
    }

    @Test
    void refusesHeadsThatDoNotDivideTheWidth() {
        assertThatThrownBy(() -> read("qwen2", "\"num_attention_heads\": 6", "\"num_attention_heads\": 10"))
                .isInstanceOf(BadInput.class)
                .hasMessage(folder.resolve("config.json") + ": num_attention_heads is 10, expected a divisor of"
                        + " hidden_size, which is 48, that makes heads at most 1024 wide; correct it, or take another"
                        + " file");
        assertThatThrownBy(() -> read("qwen2", "\"hidden_size\": 48", "\"hidden_size\": 42"))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("heads are 7 wide, expected an even width");
    }

    @Test
    void refusesWhatIsNoJsonObject() throws IOException {
        Path file = folder.resolve("config.json");
        for (String text : List.of("", " ", "[]", "3", "null")) {
            Files.writeString(file, text);
            assertThatThrownBy(() -> ModelConfig.read(file))
                    .isInstanceOf(BadInput.class)
                    .hasMessage(file + ": holds no JSON object; download the file again");
        }
        Files.writeString(file, "{\"a\": 1");
        assertThatThrownBy(() -> ModelConfig.read(file))
                .isInstanceOf(BadInput.class)
                .hasMessageStartingWith(file + ": is not valid JSON: Unexpected end-of-input: expected close marker for"
                        + " Object (line 1, column ")
                .hasMessageNotContainingAny("REDACTED", "start marker");
        Files.writeString(file, "{} {}");
        assertThatThrownBy(() -> ModelConfig.read(file))
                .isInstanceOf(BadInput.class)
                .hasMessageStartingWith(file + ": is not valid JSON: Trailing token");
        Files.write(file, "{\"é\": 1}".getBytes(StandardCharsets.ISO_8859_1));
        assertThatThrownBy(() -> ModelConfig.read(file))
                .isInstanceOf(BadInput.class)
                .hasMessage(file + ": is not UTF-8 text; download the file again");
        Files.writeString(file, "[".repeat(100_000));
        assertThatThrownBy(() -> ModelConfig.read(file))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("nesting depth");
        Files.writeString(file, " ".repeat((4 << 20) + 1));
        assertThatThrownBy(() -> ModelConfig.read(file))
                .isInstanceOf(BadInput.class)
                .hasMessage(
                        file + ": is 4194305 bytes long, more than the 4194304 that such a file may have; check that"
                                + " it is the right one");
    }

    @Test
    void refusesAFileThatNamesNoArchitecture() throws IOException {
        Path file = Files.writeString(folder.resolve("config.json"), "{\"hidden_size\": 64}");
        assertThatThrownBy(() -> ModelConfig.read(file))
                .isInstanceOf(BadInput.class)
                .hasMessageStartingWith(file + ": names no architecture; give the config.json of a model, with one of"
                        + " LlamaForCausalLM, Qwen2ForCausalLM, Qwen3ForCausalLM");
    }

    @Test
    void countsParameters() {
        assertThat(ModelConfig.read(golden("qwen2/model/config.json")).parameterCount())
                .isEqualTo(98_880);
        assertThat(ModelConfig.read(golden("llama3/model/config.json")).parameterCount())
                .isEqualTo(607_488 / 4);
        assertThat(ModelConfig.read(golden("llama3/model/config.json")).weightBytes(PlainForm.F32))
                .isEqualTo(607_488);
    }

    private ModelConfig read(String model, String from, String to) throws IOException {
        String text = Files.readString(golden(model + "/model/config.json"));
        assertThat(text).contains(from);
        Path file = Files.writeString(folder.resolve("config.json"), text.replace(from, to));
        return ModelConfig.read(file);
    }
}
