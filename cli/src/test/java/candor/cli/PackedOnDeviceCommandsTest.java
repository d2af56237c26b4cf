package candor.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import candor.bindings.NativeLibrary;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The commands over checkpoints with packed weights, on the emulated device. That its numbers are right, tests of the engine say. */
class PackedOnDeviceCommandsTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String DEVICE = "cuda-emulated";

    /** Of losses of about 6, in bf16, beside the CPU's float32. */
    private static final double ROUNDING = 2e-2;

    @TempDir
    Path temp;

    @BeforeEach
    void needsTheLibrary() {
        Assumptions.assumeTrue(NativeLibrary.EMULATED.isThere(), "skipped: the emulator's library is not built");
    }

    @ParameterizedTest
    @ValueSource(strings = {"nf4", "int8", "fp8"})
    void theyTrainAnswerScoreAndMerge(String golden) throws IOException {
        Path model = GoldenTrainTest.golden(golden).resolve("model");
        JsonNode here = train(golden, "cpu", temp.resolve("cpu"));
        Path run = temp.resolve("run");
        JsonNode there = train(golden, DEVICE, run);
        assertThat(there.get("loss").asDouble()).isCloseTo(here.get("loss").asDouble(), within(ROUNDING));

        Path prompts = Files.writeString(temp.resolve("p.jsonl"), "{\"prompt\":\"What about a loop in Python?\"}\n");
        Path replies = temp.resolve("replies.jsonl");
        Cli.run(words("generate", "--prompts", prompts, "--output", replies, "--max-new-tokens", 5), over(model, run))
                .succeeded();
        assertThat(JSON.readTree(replies.toFile()).get("token_ids")).hasSizeBetween(1, 5);

        Path choices = Files.writeString(
                temp.resolve("choices.jsonl"),
                "{\"question\":\"Which?\",\"subject\":\"ships\",\"choices\":[\"a\",\"b\",\"c\",\"d\"],\"answer\":2}\n");
        Path scores = temp.resolve("eval");
        Cli.run(words("eval", "mmlu", "--data", choices, "--output", scores), over(model, run))
                .succeeded();
        assertThat(scores.resolve("scores.json")).isRegularFile();

        Path merged = temp.resolve("merged");
        Cli.run(words("merge", "--output", merged), over(model, run)).succeeded(); // compares the two, too
        assertThat(merged.resolve("model.safetensors")).isRegularFile();
        assertThat(JSON.readTree(merged.resolve("config.json").toFile()).has("quantization_config"))
                .isFalse();
    }

    /** The last step's numbers. */
    private static JsonNode train(String golden, String backend, Path output) throws IOException {
        Path folder = GoldenTrainTest.golden(golden);
        Cli.run(words(
                        "train",
                        "sft",
                        "--model",
                        folder.resolve("model"),
                        "--data",
                        folder.resolve("sft/train.jsonl"),
                        "--output",
                        output,
                        "--backend",
                        backend,
                        "--max-steps",
                        2,
                        "--per-device-train-batch-size",
                        2,
                        "--learning-rate",
                        "1e-3"))
                .succeeded();
        return GoldenTrainTest.metrics(output).getLast();
    }

    private static String[] over(Path model, Path adapter) {
        return new String[] {"--model", model.toString(), "--adapter", adapter.toString(), "--backend", DEVICE};
    }

    private static List<String> words(Object... words) {
        return List.of(words).stream().map(Object::toString).toList();
    }
}
