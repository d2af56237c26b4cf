package candor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Bases in four and eight bits from the command line: packed as they are loaded, packed on disk, trained over, answered with, merged. */
class PackedCommandTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Path GOLDENS = Path.of(System.getProperty("candor.goldens"));

    @TempDir
    private Path folder;

    private String path(String name) {
        return folder.resolve(name).toString();
    }

    private static String golden(String name) {
        return GOLDENS.resolve(name).toString();
    }

    private static List<String> list(List<String> first, String... more) {
        List<String> all = new ArrayList<>(first);
        all.addAll(List.of(more));
        return all;
    }

    /** A short run over a base of llama3's. */
    private List<String> train(String method, String model, String output, String... more) {
        return list(
                List.of(
                        "train",
                        method,
                        "--model",
                        model,
                        "--data",
                        golden("llama3/" + method + "/train.jsonl"),
                        "--output",
                        path(output),
                        "--lora-rank",
                        "4",
                        "--per-device-train-batch-size",
                        "4",
                        "--learning-rate",
                        "1e-2",
                        "--max-steps",
                        "6",
                        "--threads",
                        "2"),
                more);
    }

    private byte[] adapter(String run) throws IOException {
        return Files.readAllBytes(folder.resolve(run).resolve("adapter/adapter_model.safetensors"));
    }

    private void quantize(String form, String output) {
        Cli.run(List.of(
                        "quantize",
                        "--model",
                        golden("llama3/model"),
                        "--weights",
                        form,
                        "--output",
                        path(output),
                        "--threads",
                        "2"))
                .succeeded();
    }

    private void plain(String packed, String output) {
        // An adapter that changes nothing, so that merging writes the numbers that the packed weights stand for.
        Cli.run(train("sft", path(packed), "nothing").stream()
                        .map(word -> word.equals("1e-2") ? "0" : word)
                        .toList())
                .succeeded();
        Cli.run(List.of(
                        "merge",
                        "--model",
                        path(packed),
                        "--adapter",
                        path("nothing"),
                        "--output",
                        path(output),
                        "--dtype",
                        "float32",
                        "--threads",
                        "2"))
                .succeeded();
    }

    /**
     * What is packed as it is loaded, what was packed on disk, and plain numbers that are the same train to the same bytes: SFT, KTO, DPO; a
     * run that was stopped and continued, too.
     */
    @ParameterizedTest
    @ValueSource(strings = {"nf4", "int8", "fp8"})
    void theSameNumbersTrainToTheSameBytes(String form) throws IOException {
        quantize(form, "packed");
        plain("packed", "plain");
        for (String method : List.of("sft", "kto", "dpo")) {
            Cli.run(train(method, golden("llama3/model"), method + "-loaded", "--weights", form))
                    .succeeded();
            Cli.run(train(method, path("packed"), method + "-packed")).succeeded();
            Cli.run(train(method, path("plain"), method + "-plain")).succeeded();
            assertThat(adapter(method + "-packed")).isEqualTo(adapter(method + "-loaded"));
            assertThat(adapter(method + "-plain")).isEqualTo(adapter(method + "-loaded"));
            Cli.run(train(method, golden("llama3/model"), method + "-bare")).succeeded();
            assertThat(adapter(method + "-bare")).isNotEqualTo(adapter(method + "-loaded"));
        }
        Cli.run(train("sft", golden("llama3/model"), "longer", "--weights", form, "--lr-scheduler-type", "constant"))
                .succeeded();
        Cli.run(
                        train(
                                        "sft",
                                        golden("llama3/model"),
                                        "stopped",
                                        "--weights",
                                        form,
                                        "--lr-scheduler-type",
                                        "constant")
                                .stream()
                                .map(word -> word.equals("6") ? "4" : word)
                                .toList())
                .succeeded();
        Cli.run(List.of("train", "sft", "--output", path("stopped"), "--resume", "--max-steps", "6"))
                .succeeded();
        assertThat(adapter("stopped")).isEqualTo(adapter("longer"));
        JsonNode record = JSON.readTree(folder.resolve("stopped/run.json").toFile());
        assertThat(record.findValue("weights").asText()).isEqualToIgnoringCase(form);
    }

    @Test
    void aRunIsNotContinuedOverOtherWeights() {
        Cli.run(train("sft", golden("llama3/model"), "run", "--load-in-4bit")).succeeded();
        Cli.run(train("sft", golden("llama3/model"), "run", "--load-in-8bit", "--resume"))
                .refused("weights");
    }

    /** Two runs over one packed base, in the same passes. */
    @Test
    void aSweepSharesAPackedBase() throws IOException {
        Path sweep = folder.resolve("sweep.yaml");
        Files.writeString(sweep, """
            model: %s
            load_in_4bit: true
            load_in_8bit: false
            data: %s
            output: %s
            max_steps: 3
            threads: 2
            runs:
              - {name: a, learning_rate: 1e-2}
              - {name: b, learning_rate: 1e-3}
            """.formatted(golden("llama3/model"), golden("llama3/sft/train.jsonl"), path("runs")));
        Cli.run("train", "sft", "--config", sweep.toString()).succeeded();
        assertThat(adapter("runs/a")).isNotEqualTo(adapter("runs/b"));
    }

    /** The replies of a packed base are those of the same base packed as it is loaded, with an adapter and without. */
    @ParameterizedTest
    @CsvSource({"nf4, --load-in-4bit", "int8, --load-in-8bit"})
    void repliesAreTheSame(String form, String flag) throws IOException {
        quantize(form, "packed");
        Path prompts = folder.resolve("prompts.jsonl");
        Files.writeString(
                prompts, "{\"prompt\": [{\"role\": \"user\", \"content\": \"What about a loop in Python?\"}]}\n");
        List<String> common = List.of(
                "generate",
                "--prompts",
                prompts.toString(),
                "--adapter",
                "base",
                golden("llama3/adapter"),
                "--max-new-tokens",
                "12",
                "--temperature",
                "0",
                "--backend",
                "cpu",
                "--threads",
                "2",
                "--logprobs");
        Cli.run(list(common, "--model", golden("llama3/model"), flag, "--output", path("loaded.jsonl")))
                .succeeded();
        Cli.run(list(common, "--model", path("packed"), "--output", path("packed.jsonl")))
                .succeeded();
        Cli.run(list(common, "--model", golden("llama3/model"), "--output", path("bare.jsonl")))
                .succeeded();
        String loaded = Files.readString(folder.resolve("loaded.jsonl"));
        assertThat(Files.readString(folder.resolve("packed.jsonl"))).isEqualTo(loaded);
        assertThat(Files.readString(folder.resolve("bare.jsonl"))).isNotEqualTo(loaded);
        assertThat(JSON.readTree(folder.resolve("loaded.jsonl.run.json").toFile())
                        .path("settings")
                        .path("weights")
                        .asText())
                .isEqualTo(form);
    }

    /** Into bf16, and packed again: the difference is said, and what comes out loads. */
    @ParameterizedTest
    @ValueSource(strings = {"nf4", "int8", "fp8"})
    void anAdapterIsMergedIntoAPackedBase(String form) throws IOException {
        List<String> merge = List.of(
                "merge", "--model", golden(form + "/model"), "--adapter", golden(form + "/adapter"), "--threads", "2");
        Cli.run(list(merge, "--output", path("plain"))).succeeded();
        String config = Files.readString(folder.resolve("plain/config.json"));
        assertThat(config).doesNotContain("quantization_config");
        Cli.run(list(merge, "--dtype", form, "--output", path("again"))).succeeded();
        JsonNode packed = JSON.readTree(folder.resolve("again/config.json").toFile());
        assertThat(packed.path("quantization_config").path("quant_method").asText())
                .isEqualTo(form.equals("fp8") ? "fp8" : "bitsandbytes");
        Cli.run(List.of("quantize", "--model", path("again"), "--output", path("twice")))
                .refused(path("again") + ": is packed as " + form + " already");
    }

    /** Shards, whose index tells of every part: the embedded model has more than a mebibyte in four bits. */
    @Test
    void aPackedCheckpointMayBeInShards() throws IOException {
        for (String[] more : List.of(new String[] {"whole"}, new String[] {"shards", "--max-shard-mib", "1"})) {
            List<String> quantize = new ArrayList<>(List.of("quantize", "--threads", "2", "--output", path(more[0])));
            quantize.addAll(List.of(more).subList(1, more.length));
            Cli.run(quantize).succeeded();
            Cli.run("export", "gguf", "--model", path(more[0]), "--output", path(more[0] + ".gguf"))
                    .succeeded();
        }
        assertThat(folder.resolve("whole/model.safetensors")).exists();
        assertThat(folder.resolve("shards/model.safetensors")).doesNotExist();
        assertThat(folder.resolve("shards/model-00002-of-00002.safetensors")).exists();
        JsonNode index = JSON.readTree(
                folder.resolve("shards/model.safetensors.index.json").toFile());
        assertThat(index.path("weight_map").has("model.layers.0.mlp.down_proj.weight.quant_state.bitsandbytes__nf4"))
                .isTrue();
        // Both say the same numbers.
        assertThat(folder.resolve("shards.gguf")).hasSameBinaryContentAs(folder.resolve("whole.gguf"));
    }

    @Test
    void whatIsPackedIsNotPackedOtherwise() {
        Cli.run(List.of("chat", "--model", golden("nf4/model"), "--load-in-8bit", "--threads", "1"))
                .refused("the checkpoint is packed as nf4 already; leave --weights out");
    }

    /** What is planned for a packed base is less. */
    @Test
    void thePlanCountsPackedWeights() {
        List<String> plan = List.of(
                "plan", "sft", "--data", golden("llama3/sft/train.jsonl"), "--output", path("run"), "--backend", "cpu");
        // 1,278,848 numbers of bf16 are 2.5 MiB. 802,816 of them, in linear layers, are 0.4 in four bits, and the
        // others stay in their
        // file. Whole mebibytes are said, rounded up.
        assertThat(Cli.run(plan).succeeded().out()).containsPattern("weights \\(mapped\\) +3 MiB");
        assertThat(Cli.run(list(plan, "--load-in-4bit")).succeeded().out())
                .containsPattern("weights \\(packed\\) +1 MiB")
                .containsPattern("weights \\(mapped\\) +1 MiB");
    }
}
