package candor.cli;

import static candor.evaluate.TestRows.file;
import static org.assertj.core.api.Assertions.assertThat;

import candor.evaluate.benchmark.Benchmark;
import candor.evaluate.benchmark.Benchmarks;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A benchmark is one class and one text: {@code echo}, which only the tests have, is found by what stands beside it, and its one table
 * of settings is in flags, help, keys of studies and records.
 */
class NewBenchmarkTest {
    private static final Path MODEL = Path.of(System.getProperty("candor.goldens"), "llama3", "model");

    @TempDir
    private Path folder;

    @Test
    void theTextNamesTheClass() {
        assertThat(Benchmarks.named("echo").orElseThrow().description()).startsWith("Echo:");
        assertThat(Benchmarks.all())
                .extracting(Benchmark::name)
                .containsExactly(
                        "behonest_unknowns",
                        "deceptionbench",
                        "echo",
                        "gpqa",
                        "gsm8k",
                        "humaneval",
                        "mask",
                        "mask_probability",
                        "mmlu");
    }

    @Test
    void itsSettingsAreFlags() throws IOException {
        Path data = file(folder, "words.jsonl", "{'word':'north'}", "{'word':'south'}");
        List<String> eval = List.of(
                "eval",
                "echo",
                "--model",
                MODEL.toString(),
                "--data",
                data.toString(),
                "--output",
                folder.resolve("out").toString(),
                "--threads",
                "1",
                "--kv-cache-mib",
                "16");
        Cli.run(eval, "--exact", "--max-new-tokens", "3").succeeded();
        JsonNode scores =
                new ObjectMapper().readTree(folder.resolve("out/scores.json").toFile());
        assertThat(scores.path("task").asText()).isEqualTo("echo");
        assertThat(scores.path("settings").toString()).isEqualTo("{\"exact\":true,\"max_new_tokens\":3}");
        Cli.run(eval, "--max-new-tokens", "0").refused("--max-new-tokens: must be a whole number from 1");
        Cli.run("eval", "echo", "--help").succeeded();
        assertThat(Cli.run("eval", "echo", "--help").out())
                .contains(
                        "Echo: does the model say a word again?", "--[no-]exact", "The word must be the whole reply.");
        assertThat(Cli.run("eval", "--help").out()).contains("echo", "Echo: does the model say a word again?");
        assertThat(Cli.run("eval", "conformance", "--help").out()).contains("echo");
        assertThat(Cli.run("echo").err()).contains("did you mean eval echo?");
    }

    @Test
    void itsSettingsAreKeysOfStudies() throws IOException {
        Path study = Files.writeString(folder.resolve("study.yaml"), """
                model: %s
                output: %s
                domains: {ships: nowhere}
                evaluate:
                  echo: {data: words.jsonl, exact: perhaps}
                """.formatted(MODEL, folder.resolve("study")));
        Cli.run("study", "direct", "--config", study.toString())
                .refused("line 5: exact: must be true or false, not perhaps");
        Files.writeString(study, Files.readString(study).replace("exact: perhaps", "exakt: true"));
        Cli.run("study", "direct", "--config", study.toString())
                .refused("line 5: evaluate.echo.exakt: there is no such setting", "exact");
    }
}
