package candor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code generate} from the command line: what it writes, what it refuses, and that a kill loses nothing. */
class GenerateCommandTest {
    private static final Path GOLDEN = Path.of(System.getProperty("candor.goldens"), "llama3");
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private Path folder;

    private Path prompts;
    private Path output;

    @BeforeEach
    void files() throws IOException {
        prompts = folder.resolve("prompts.jsonl");
        output = folder.resolve("out.jsonl");
        List<String> lines = new ArrayList<>();
        JSON.readTree(GOLDEN.resolve("generate.json").toFile())
                .forEach(row -> lines.add("{\"messages\":" + row.get("messages") + "}"));
        Files.write(prompts, lines);
    }

    private List<String> args(String... more) {
        List<String> args = new ArrayList<>(List.of(
                "generate",
                "--model",
                GOLDEN.resolve("model").toString(),
                "--prompts",
                prompts.toString(),
                "--output",
                output.toString(),
                "--threads",
                "1",
                "--date",
                "2026-01-02"));
        args.addAll(List.of(more));
        return args;
    }

    @Test
    void greedyGoldens() throws IOException {
        String adapter = GOLDEN.resolve("adapter").toString();
        Cli done = Cli.run(args(
                        "--temperature",
                        "0",
                        "--max-new-tokens",
                        "24",
                        "--adapter",
                        "base",
                        adapter,
                        "--batch-size",
                        "3"))
                .succeeded();
        assertThat(done.out().strip()).isEqualTo(output.toString());
        JsonNode golden = JSON.readTree(GOLDEN.resolve("generate.json").toFile());
        List<String> rows = Files.readAllLines(output);
        assertThat(rows).hasSize(2 * golden.size());
        for (int i = 0; i < rows.size(); i++) {
            JsonNode row = JSON.readTree(rows.get(i));
            assertThat(row.get("token_ids")).isEqualTo(golden.get(i / 2).get(i % 2 == 0 ? "base" : "adapter"));
            assertThat(row.get("completion").isTextual()).isTrue();
            assertThat(row.has("logprobs")).isFalse();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "--max-new-tokens,0,--max-new-tokens 0: give 1 or more",
        "--temperature,-0.5,temperature is -0.5; give --temperature as 0",
        "--top-p,0,top_p is 0.0; give --top-p as",
        "--top-k,-3,top_k is -3; give --top-k as",
        "--repetition-penalty,0,repetition_penalty is 0.0; give --repetition-penalty as",
        "--batch-size,0,--batch-size 0: give 1 to 65536",
        "--kv-cache-mib,-1,--kv-cache-mib -1: give",
        "--adapter,nowhere,nowhere: no such folder",
        "--backend,gpu,there is no backend gpu; give --backend as one of",
        "--stop,'',an empty text would stop at once; give --stop",
    })
    void numbersOutOfBoundsAreNamed(String flag, String value, String message) {
        Cli.run(args(flag, value)).refused(message);
        assertThat(output).doesNotExist();
        assertThat(folder.toFile().list()).containsExactly("prompts.jsonl");
    }

    @Test
    void anAdapterForAnotherModelNamesWhatDiffers() {
        Cli.run(args(
                        "--adapter",
                        GOLDEN.resolveSibling("qwen3").resolve("adapter").toString()))
                .refused("adapter_model.safetensors: tensor ", "has the shape", "made for this model");
        assertThat(folder.toFile().list()).containsExactly("prompts.jsonl");
    }

    @Test
    void whatIsThereStaysUnlessForced() throws IOException {
        Files.writeString(output, "mine");
        Cli.run(args()).refused("out.jsonl: exists already; overwrite it with --force");
        assertThat(output).hasContent("mine");
        Cli.run(args("--force", "--max-new-tokens", "1")).succeeded();
        assertThat(Files.readAllLines(output)).hasSize(4);
        // Done already, with the same settings: nothing to do.
        Cli.run(args("--resume", "--max-new-tokens", "1")).succeeded();
        Cli.run(args("--resume", "--max-new-tokens", "2")).refused("max_new_tokens was 1, is 2");
        Cli.run(args("--resume", "--force")).refused("give one of --resume and --force");
    }

    @Test
    @Timeout(600)
    void aKilledRunLosesNothingAndDoesNothingTwice() throws Exception {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            lines.add("{\"n\":" + i + ",\"prompt\":\"What about " + i + "?\"}");
        }
        Files.write(prompts, lines);
        String[] settings = {"--max-new-tokens", "60", "--seed", "3", "--batch-size", "4"};
        Process process = start(args(settings));
        Path partial = folder.resolve("out.jsonl.partial");
        while (process.isAlive() && (!Files.exists(partial) || Files.size(partial) < 20_000)) {
            Thread.sleep(5);
        }
        process.destroyForcibly().waitFor(30, TimeUnit.SECONDS); // SIGKILL
        assertThat(output).doesNotExist();
        assertThat(Files.size(partial)).isPositive();
        Cli.run(args(settings)).refused("out.jsonl.partial: is the beginning of such a run; continue with --resume");
        Cli.run(args("--max-new-tokens", "60", "--seed", "3", "--batch-size", "64", "--resume"))
                .succeeded();
        byte[] resumed = Files.readAllBytes(output);
        assertThat(Files.readAllLines(output)).hasSize(300);
        Cli.run(args("--max-new-tokens", "60", "--seed", "3", "--force")).succeeded();
        assertThat(Files.readAllBytes(output)).isEqualTo(resumed);
    }

    private static Process start(List<String> args) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                ProcessHandle.current().info().command().orElseThrow(),
                "--add-modules=jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-DRUST_FLAVOR=cpu",
                "-cp",
                System.getProperty("java.class.path"),
                "candor.cli.Candor"));
        command.addAll(args);
        return new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
    }
}
