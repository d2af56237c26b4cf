package candor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import candor.study.protocol.Protocols;
import candor.train.config.Setting;
import candor.train.config.TrainSettings;
import candor.train.config.TrainSettings.Method;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What YAML files may hold: their schemas, and files to begin with. */
class InitCommandTest {
    @TempDir
    private Path temp;

    private static JsonNode schema(String name) throws IOException {
        return new ObjectMapper().readTree(Cli.run("schema", name).succeeded().out());
    }

    @ParameterizedTest
    @EnumSource(Method.class)
    void aSchemaHasEverySettingOfItsMethod(Method method) throws IOException {
        JsonNode schema = schema("train-" + method.word());
        assertThat(schema.get("additionalProperties").asBoolean(true)).isFalse();
        for (Setting<?> setting : TrainSettings.of(method)) {
            JsonNode property = schema.get("properties").get(setting.key());
            assertThat(property).as(setting.key()).isNotNull();
            assertThat(property.get("description").asText()).doesNotContainPattern("\\{[a-z_]+}");
        }
        assertThat(schema.get("properties").size())
                .isEqualTo(TrainSettings.of(method).size() + 1);
        JsonNode runs = schema.get("properties").get("runs").get("items").get("properties");
        assertThat(runs.has("name")).isTrue();
        assertThat(runs.get("method").get("enum").toString()).isEqualTo("[\"sft\",\"kto\",\"dpo\",\"full\"]");
        assertThat(runs.has("label_smoothing")).as("of another method").isTrue();
    }

    @Test
    void kindsOfValues() throws IOException {
        JsonNode properties = schema("train-kto").get("properties");
        assertThat(properties.get("lora_rank").toString())
                .startsWith("{\"type\":\"integer\",\"minimum\":1,\"maximum\":4096,")
                .endsWith("\"default\":16}");
        assertThat(properties.get("lora_alpha").get("exclusiveMinimum").asDouble())
                .isZero();
        assertThat(properties.get("use_rslora").get("type").asText()).isEqualTo("boolean");
        assertThat(properties.get("data").get("anyOf").get(1).get("type").asText())
                .isEqualTo("array");
        assertThat(properties.get("optim").get("enum").toString()).isEqualTo("[\"adamw-torch\",\"adamw-8bit\"]");
        assertThat(properties.get("chat_template_kwargs").get("type").toString())
                .isEqualTo("[\"object\",\"string\"]");
    }

    @Test
    void studiesAndTheQuickstart() throws IOException {
        JsonNode direct = schema("study-direct").get("properties");
        assertThat(direct.get("domains").get("additionalProperties").asBoolean())
                .isTrue();
        assertThat(direct.get("train").get("properties").has("learning_rate")).isTrue();
        assertThat(direct.get("train").get("properties").has("output"))
                .as("the study's to say")
                .isFalse();
        assertThat(direct.get("evaluate")
                        .get("properties")
                        .get("mask")
                        .get("properties")
                        .has("limit"))
                .isTrue();
        JsonNode quickstart = schema("quickstart").get("properties");
        for (Protocols protocol : Protocols.values()) {
            assertThat(quickstart.get(protocol.word())).isEqualTo(without(schema("study-" + protocol.word())));
        }
        assertThat(Cli.run("schema").succeeded().out().lines()).contains("train-sft", "study-loop", "quickstart");
        Cli.run("schema", "sft").refused("sft: there is no such schema", "train-sft");
    }

    private static JsonNode without(JsonNode schema) {
        ((com.fasterxml.jackson.databind.node.ObjectNode) schema).remove(java.util.List.of("$schema", "title"));
        return schema;
    }

    @ParameterizedTest
    @ValueSource(strings = {"sft", "kto", "dpo"})
    void aFolderThatRunsAsItIs(String method) throws IOException {
        Path folder = temp.resolve("a folder");
        String command = Cli.run("init", method, "--output", folder.toString())
                .succeeded()
                .out();
        assertThat(command.strip()).isEqualTo("./candor train " + method + " --config '" + folder + "/config.yaml'");
        String config = Files.readString(folder.resolve("config.yaml"));
        for (Setting<?> setting : TrainSettings.of(Method.valueOf(method.toUpperCase(java.util.Locale.ROOT)))) {
            assertThat(config).containsPattern("(?m)^(# )?" + setting.key() + ": ");
        }
        Cli.run("train", method, "--config", folder.resolve("config.yaml").toString(), "--max-steps", "1")
                .succeeded();
        assertThat(folder.resolve("run/adapter/adapter_model.safetensors")).exists();
        Cli.run("init", method, "--output", folder.toString()).refused("is there already", "--output");
    }

    @Test
    void aStudyThatCanBePlannedAsItIs() {
        Path folder = temp.resolve("study");
        Cli.run("init", "study", "--output", folder.toString()).succeeded();
        String said = Cli.run(
                        "study",
                        "direct",
                        "--config",
                        folder.resolve("config.yaml").toString(),
                        "--dry-run")
                .succeeded()
                .out();
        assertThat(said).contains("medicines");
    }
}
