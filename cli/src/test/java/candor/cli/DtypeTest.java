package candor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code --dtype}: what is taken, recorded, and held to. */
class DtypeTest {
    @TempDir
    Path temp;

    private static String golden(String file) {
        return GoldenTrainTest.golden("qwen3").resolve(file).toString();
    }

    private String[] sft(String run, String... more) {
        List<String> words = new ArrayList<>(List.of(
                "train",
                "sft",
                "--model",
                golden("model"),
                "--data",
                golden("sft/train.jsonl"),
                "--output",
                temp.resolve(run).toString(),
                "--lora-rank",
                "4",
                "--max-length",
                "80",
                "--per-device-train-batch-size",
                "2",
                "--lr-scheduler-type",
                "constant"));
        words.addAll(List.of(more));
        return words.toArray(String[]::new);
    }

    private String[] generate(String output, String... more) throws IOException {
        Path prompts = Files.writeString(temp.resolve("prompts.jsonl"), "{\"prompt\": \"Where is it?\"}\n");
        List<String> words = new ArrayList<>(List.of(
                "generate",
                "--model",
                golden("model"),
                "--prompts",
                prompts.toString(),
                "--output",
                temp.resolve(output).toString(),
                "--max-new-tokens",
                "8"));
        words.addAll(List.of(more));
        return words.toArray(String[]::new);
    }

    private JsonNode json(String file) throws IOException {
        return new ObjectMapper().readTree(temp.resolve(file).toFile());
    }

    @Test
    void aRunIsInTheTypeThatWasAskedForAndStaysInIt() throws IOException {
        Cli.run(sft("run", "--backend", "cpu", "--dtype", "bfloat16", "--max-steps", "1"))
                .succeeded();
        assertThat(json("run/run.json").get("dtype").asText()).isEqualTo("bfloat16");
        assertThat(json("run/run.json").get("device").asText()).contains(", products of bfloat16");
        Cli.run(sft("run", "--max-steps", "2", "--resume", "--dtype", "float32"))
                .refused("the run was started in bfloat16; resume it with --dtype bfloat16");
        Cli.run(sft("run", "--max-steps", "2", "--resume")).succeeded();
        assertThat(json("run/run.json").get("dtype").asText()).isEqualTo("bfloat16");

        Cli.run(sft("plain", "--backend", "cpu", "--max-steps", "1")).succeeded();
        assertThat(json("plain/run.json").get("dtype").asText()).isEqualTo("float32");
        Cli.run(sft("plain", "--max-steps", "2", "--resume", "--dtype", "bfloat16"))
                .refused("the run was started in float32; resume it with --dtype float32");
    }

    @Test
    void otherTrainersFilesSayItToo() throws IOException {
        Path config = Files.writeString(temp.resolve("trl.yaml"), "bf16: true\nfp16: false\nmax_steps: 1\n");
        Cli.run(sft("run", "--backend", "cpu", "--config", config.toString())).succeeded();
        assertThat(json("run/run.json").get("dtype").asText()).isEqualTo("bfloat16");
        assertThat(Files.readString(temp.resolve("run/adapter/README.md"))).contains("| `dtype` | `bfloat16` |");
    }

    @Test
    void answersAreOfOneType() throws IOException {
        Cli.run(generate("rounded.jsonl", "--backend", "cpu", "--dtype", "bfloat16"))
                .succeeded();
        Cli.run(generate("rounded.jsonl", "--backend", "cpu", "--dtype", "bfloat16", "--resume"))
                .succeeded();
        Cli.run(generate("rounded.jsonl", "--backend", "cpu", "--resume"))
                .refused("was begun with other settings: backend was \"cpu bfloat16\", is \"cpu\"");
    }

    @Test
    void aGpuHasOneTypeAlone() throws IOException {
        Cli.run(sft("run", "--backend", "cuda", "--dtype", "float32"))
                .refused("cuda computes in bfloat16 alone, not in float32; leave --dtype out, or compute with --backend"
                        + " cpu");
        Cli.run(generate("replies.jsonl", "--backend", "cuda-emulated", "--dtype", "float32"))
                .refused("cuda-emulated computes in bfloat16 alone, not in float32; leave --dtype out");
        assertThat(temp.resolve("run")).doesNotExist();
    }

    @Test
    void operationsAreCheckedInEither() {
        PrintStream before = System.out;
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        System.setOut(new PrintStream(said, true, StandardCharsets.UTF_8));
        try {
            Cli.run("check", "--backend", "cpu", "--dtype", "bfloat16", "--op", "logits")
                    .succeeded();
        } finally {
            System.setOut(before);
        }
        assertThat(said.toString(StandardCharsets.UTF_8)).contains(", products of bfloat16", " 0 failed, 0 skipped");
    }
}
