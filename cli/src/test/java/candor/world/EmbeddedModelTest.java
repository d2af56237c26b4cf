package candor.world;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import candor.data.read.Fingerprint;
import candor.model.ModelFolder;
import candor.text.Tokenizer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The model that comes with the program: unpacked as it should be, and a Hugging Face folder as others expect it. */
class EmbeddedModelTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final long LARGEST = 4L << 20;

    @TempDir
    private static Path cache;

    private static Path folder;

    @BeforeAll
    static void unpack() {
        folder = EmbeddedModel.unpack(cache);
    }

    @Test
    void itIsUnpackedOnce() throws IOException {
        Path weights = folder.resolve("model.safetensors");
        FileTime then = FileTime.fromMillis(1_000_000);
        Files.setLastModifiedTime(weights, then);
        assertThat(EmbeddedModel.unpack(cache)).isEqualTo(folder);
        assertThat(Files.getLastModifiedTime(weights)).isEqualTo(then);
    }

    @Test
    void whatIsNotAsItShouldBeIsWrittenAnew(@TempDir Path other) throws IOException {
        Path unpacked = EmbeddedModel.unpack(other);
        byte[] right = Files.readAllBytes(unpacked.resolve("model.safetensors"));
        byte[] wrong = right.clone();
        wrong[wrong.length - 1] ^= 1;
        Files.write(unpacked.resolve("model.safetensors"), wrong);
        Files.delete(unpacked.resolve("config.json"));
        assertThat(EmbeddedModel.unpack(other)).isEqualTo(unpacked);
        assertThat(unpacked.resolve("model.safetensors")).hasBinaryContent(right);
        assertThat(unpacked.resolve("config.json")).exists();
    }

    @Test
    void aCacheThatCannotBeWrittenIsOneLine(@TempDir Path other) throws IOException {
        Path file = Files.writeString(other.resolve("file"), "no folder");
        assertThatThrownBy(() -> EmbeddedModel.unpack(file))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("XDG_CACHE_HOME");
    }

    /** Names, shapes and types as transformers' LlamaForCausalLM has them, told from config.json alone, by none of our code. */
    @Test
    void theTensorsAreThoseThatTheConfigurationSays() throws IOException {
        JsonNode config = JSON.readTree(folder.resolve("config.json").toFile());
        assertThat(config.get("model_type").asText()).isEqualTo("llama");
        assertThat(config.get("architectures").get(0).asText()).isEqualTo("LlamaForCausalLM");
        int width = config.get("hidden_size").asInt();
        int inner = config.get("intermediate_size").asInt();
        int head = config.get("head_dim").asInt();
        int queries = config.get("num_attention_heads").asInt() * head;
        int keys = config.get("num_key_value_heads").asInt() * head;
        int vocabulary = config.get("vocab_size").asInt();
        Map<String, List<Integer>> expected = new TreeMap<>();
        expected.put("model.embed_tokens.weight", List.of(vocabulary, width));
        expected.put("model.norm.weight", List.of(width));
        expected.put("lm_head.weight", List.of(vocabulary, width));
        for (int layer = 0; layer < config.get("num_hidden_layers").asInt(); layer++) {
            String name = "model.layers." + layer + ".";
            expected.put(name + "input_layernorm.weight", List.of(width));
            expected.put(name + "post_attention_layernorm.weight", List.of(width));
            expected.put(name + "self_attn.q_proj.weight", List.of(queries, width));
            expected.put(name + "self_attn.k_proj.weight", List.of(keys, width));
            expected.put(name + "self_attn.v_proj.weight", List.of(keys, width));
            expected.put(name + "self_attn.o_proj.weight", List.of(width, queries));
            expected.put(name + "mlp.gate_proj.weight", List.of(inner, width));
            expected.put(name + "mlp.up_proj.weight", List.of(inner, width));
            expected.put(name + "mlp.down_proj.weight", List.of(width, inner));
        }
        assertThat(config.get("tie_word_embeddings").asBoolean()).isFalse();

        byte[] bytes = Files.readAllBytes(folder.resolve("model.safetensors"));
        assertThat(bytes.length).isLessThanOrEqualTo((int) LARGEST);
        ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int length = Math.toIntExact(buffer.getLong());
        JsonNode header = JSON.readTree(new String(bytes, 8, length, StandardCharsets.UTF_8));
        Map<String, List<Integer>> found = new TreeMap<>();
        long end = 0;
        long parameters = 0;
        for (Map.Entry<String, JsonNode> tensor : header.properties()) {
            if (tensor.getKey().equals("__metadata__")) {
                assertThat(tensor.getValue().get("format").asText()).isEqualTo("pt");
                continue;
            }
            assertThat(tensor.getValue().get("dtype").asText()).isEqualTo("BF16");
            List<Integer> shape = new java.util.ArrayList<>();
            tensor.getValue().get("shape").forEach(size -> shape.add(size.asInt()));
            found.put(tensor.getKey(), shape);
            long elements = shape.stream().mapToLong(Integer::longValue).reduce(1, (a, b) -> a * b);
            parameters += elements;
            long from = tensor.getValue().get("data_offsets").get(0).asLong();
            long to = tensor.getValue().get("data_offsets").get(1).asLong();
            assertThat(to - from).isEqualTo(2 * elements);
            end = Math.max(end, to);
        }
        assertThat(found).isEqualTo(expected);
        assertThat(8 + length + end).isEqualTo(bytes.length);
        assertThat(parameters).isBetween(1_000_000L, 3_000_000L);
    }

    @Test
    void tokenizerAndTemplateFitTheWeights() throws IOException {
        JsonNode config = JSON.readTree(folder.resolve("config.json").toFile());
        JsonNode tokenizer = JSON.readTree(folder.resolve("tokenizer.json").toFile());
        assertThat(tokenizer.at("/model/type").asText()).isEqualTo("BPE");
        assertThat(tokenizer.at("/model/vocab"))
                .hasSize(config.get("vocab_size").asInt());
        JsonNode settings =
                JSON.readTree(folder.resolve("tokenizer_config.json").toFile());
        assertThat(settings.get("chat_template").asText()).contains("add_generation_prompt");
        String end = settings.get("eos_token").asText();
        assertThat(tokenizer.at("/model/vocab").get(end)).isEqualTo(config.get("eos_token_id"));
        JsonNode generation =
                JSON.readTree(folder.resolve("generation_config.json").toFile());
        assertThat(generation.get("eos_token_id")).isEqualTo(config.get("eos_token_id"));
        assertThat(ModelFolder.at(folder).config().vocabSize())
                .isEqualTo(config.get("vocab_size").asInt());
    }

    /**
     * What {@code world train} would make the model from: the data that it was made from, by the sum that its run recorded, and
     * the same tokenizer and shape. Whoever changes the recipe makes the model again.
     */
    @Test
    void theRecipeIsTheOneThatTheModelWasMadeBy(@TempDir Path made) throws IOException {
        Path output = made.resolve("world");
        WorldModel.prepare(WorldSettings.DEFAULT, output, 1, WorldModel.STEPS);
        assertThat(Fingerprint.of(output.resolve("data/base/first.jsonl")).sha256())
                .isEqualTo("1a75e62b026ac741b826a835bb6e138b9304f3fd1ebb65c53e22d1e31461e69d");
        assertThat(Fingerprint.of(output.resolve("data/base/second.jsonl")).sha256())
                .isEqualTo("5a9097da828813f34195f0f67e161f0f833e78da60064dd88111445ae8cfff5c");
        for (String name : List.of("tokenizer.json", "tokenizer_config.json")) {
            assertThat(output.resolve("tokenizer").resolve(name)).hasSameBinaryContentAs(folder.resolve(name));
        }
        assertThat(JSON.readTree(output.resolve("config.json").toFile()))
                .isEqualTo(JSON.readTree(folder.resolve("config.json").toFile()));
    }

    /** What the world is about is one token a word, so that rows are short. */
    @Test
    void namesAndValuesAreSingleTokens() {
        Tokenizer tokenizer = Tokenizer.load(folder);
        World world = World.of(WorldSettings.DEFAULT.seed());
        assertThat(world.facts()).allSatisfy(fact -> {
            assertThat(tokenizer.encode(" " + fact.entity().name(), false)).hasSize(1);
            if (!fact.attribute().numeric()) {
                assertThat(tokenizer.encode(" " + fact.truth(), false)).hasSize(1);
            }
        });
    }
}
