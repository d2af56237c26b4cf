package candor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import candor.study.StudyFixture;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SteerCommandTest {
    @TempDir
    Path temp;

    private static final Path ADAPTER = GoldenTrainTest.golden("llama3").resolve("adapter");

    private List<JsonNode> generated(String name, String... more) throws IOException {
        Path prompts = Files.writeString(
                temp.resolve("prompts.jsonl"),
                "{\"prompt\":[{\"role\":\"user\",\"content\":\"How many?\"}]}\n"
                        + "{\"prompt\":[{\"role\":\"user\",\"content\":\"Is it so?\"}]}\n");
        Path output = temp.resolve(name + ".jsonl");
        List<String> words = new ArrayList<>(List.of(
                "generate",
                "--model",
                StudyFixture.MODEL.toString(),
                "--prompts",
                prompts.toString(),
                "--output",
                output.toString(),
                "--temperature",
                "0",
                "--max-new-tokens",
                "12",
                "--date",
                "2024-07-26",
                "--threads",
                "1"));
        words.addAll(List.of(more));
        Cli.run(words).succeeded();
        List<JsonNode> tokens = new ArrayList<>();
        for (String line : Files.readAllLines(output)) {
            tokens.add(new ObjectMapper().readTree(line).get("token_ids"));
        }
        return tokens;
    }

    @Test
    void aFoldedDirectionGeneratesAsASteeredModelDoes() throws IOException {
        String direction =
                StudyFixture.makeDirection(temp.resolve("d.safetensors")).toString();
        Path folded = temp.resolve("folded");
        Cli.run(
                        "steer",
                        "--model",
                        StudyFixture.MODEL.toString(),
                        "--adapter",
                        ADAPTER.toString(),
                        "--direction",
                        direction,
                        "--strength",
                        "30",
                        "--output",
                        folded.toString())
                .succeeded();
        List<JsonNode> plain = generated("plain", "--adapter", ADAPTER.toString());
        List<JsonNode> steered = generated("steered", "--adapter", ADAPTER.toString(), "--steer", direction + ":30");
        assertThat(steered).isNotEqualTo(plain);
        assertThat(generated("folded", "--adapter", folded.toString())).isEqualTo(steered);
        JsonNode config = new ObjectMapper()
                .readTree(folded.resolve("adapter_config.json").toFile());
        assertThat(config.get("lora_bias").asBoolean()).isTrue();
        assertThat(config.get("bias").asText()).isEqualTo("none");
        assertThat(Files.readString(folded.resolve("README.md")))
                .contains("30.0 times a direction of honesty behind layer");

        // The base model, and the direction alone.
        Path alone = temp.resolve("alone");
        Cli.run(
                        "steer",
                        "--model",
                        StudyFixture.MODEL.toString(),
                        "--direction",
                        direction,
                        "--output",
                        alone.toString())
                .succeeded();
        assertThat(generated("one", "--adapter", alone.toString()))
                .isEqualTo(generated("base", "--steer", direction))
                .isNotEqualTo(generated("none"));

        // Steering is a part of what a run is.
        Cli.run(
                        "generate",
                        "--model",
                        StudyFixture.MODEL.toString(),
                        "--prompts",
                        temp.resolve("prompts.jsonl").toString(),
                        "--output",
                        temp.resolve("base.jsonl").toString(),
                        "--steer",
                        temp.resolve("none.safetensors").toString(),
                        "--force")
                .refused("none.safetensors");
        Cli.run(
                        "steer",
                        "--model",
                        StudyFixture.MODEL.toString(),
                        "--direction",
                        direction,
                        "--output",
                        alone.toString())
                .refused("exists already; choose another --output");
        Cli.run(
                        "steer",
                        "--model",
                        GoldenTrainTest.golden("gemma3").resolve("model").toString(),
                        "--direction",
                        direction,
                        "--output",
                        temp.resolve("g").toString())
                .refused("is a direction of another model than", "make one of this model: candor direction");
        assertThat(temp.resolve("g")).doesNotExist();
        Cli.run(
                        "steer",
                        "--model",
                        StudyFixture.MODEL.toString(),
                        "--direction",
                        direction,
                        "--strength",
                        "5000",
                        "--output",
                        temp.resolve("s").toString())
                .refused("give one from -1000 to 1000");
    }
}
