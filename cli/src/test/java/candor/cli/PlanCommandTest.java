package candor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PlanCommandTest {
    @TempDir
    Path temp;

    private static Path golden(String file) {
        return GoldenTrainTest.golden("qwen3").resolve(file);
    }

    private static Cli plan(String... more) {
        List<String> words = new ArrayList<>(List.of(
                "plan",
                "sft",
                "--model",
                golden("model").toString(),
                "--data",
                golden("sft/train.jsonl").toString(),
                "--threads",
                "1"));
        words.addAll(List.of(more));
        return Cli.run(words.toArray(String[]::new));
    }

    @Test
    void saysWhatARunTakes() {
        Path output = temp.resolve("run");
        Cli cli = plan("--output", output.toString()).succeeded();
        assertThat(cli.out())
                .contains(
                        output.toString(),
                        "weights (mapped)",
                        "activations",
                        "optimiser",
                        "in all",
                        "fits",
                        "optimiser steps",
                        "about 0:");
        assertThat(output).doesNotExist();
    }

    @Test
    void needsNoFolderAndLooksAtNone() throws IOException {
        assertThat(plan("--resume").succeeded().out()).contains("sft", "in all");
        Path sweep =
                Files.writeString(temp.resolve("sweep.yaml"), "runs: [{name: low}, {name: high, lora_rank: 32}]\n");
        assertThat(plan("--config", sweep.toString()).succeeded().out()).contains("low, 16 rows", "high, 16 rows");
    }

    /** Of a card that is not here, weights lie on it and not in this machine's memory. */
    @Test
    void plansForAGpuThatIsNotThere() {
        Cli cli = plan("--device-memory", "24GB").succeeded();
        assertThat(cli.out())
                .containsSubsequence(
                        "GPU", "weights ", "driver and graphs", "22,889 MiB: fits", "this machine", "staging")
                .doesNotContain("mapped", "time ");
        assertThat(plan("--device-memory", "1.5 GiB", "--backend", "cuda")
                        .succeeded()
                        .out())
                .contains("of    1,536 MiB: fits".replace("    ", " "));
        plan("--device-memory", "1GiB").refused("of the GPU's memory", "there are 1,024 MiB", "a GPU with more memory");
    }

    /** Layers that are on the GPU only while they are computed with: memory at both places, and what is copied. */
    @Test
    void saysHowSlowOffloadingIs() {
        Path three = GoldenTrainTest.golden("mistral");
        List<String> words = new ArrayList<>(
                List.of("plan", "sft", "--model", three.resolve("model").toString()));
        words.addAll(List.of("--data", three.resolve("sft/train.jsonl").toString()));
        words.addAll(List.of("--device-memory", "24GB", "--offload-weights"));
        assertThat(Cli.run(words.toArray(String[]::new)).succeeded().out())
                .containsSubsequence("GPU", "layers in turns", "this machine", "layers (mapped)", "layers copied")
                .containsPattern("layers copied +1 MiB a step: 0\\.0 s at 25\\.0 GB/s \\(assumed\\)");
        words.addAll(List.of("--copy-rate", "1KB"));
        assertThat(Cli.run(words.toArray(String[]::new)).succeeded().out())
                .containsPattern("layers copied +1 MiB a step: [0-9]{2,}\\.[0-9] s at 0\\.0 GB/s \\(as given\\)");
        plan("--copy-rate", "1KB").refused("--copy-rate: belongs to --offload-weights and --shard-weights; remove it");
        plan("--offload-weights", "--device-memory", "24GB", "--copy-rate", "fast")
                .refused("--copy-rate fast: give a number and a unit");
    }

    /** Of three layers two processes keep two and one; the other one has a place. */
    @Test
    void layersAreDividedAmongProcesses() {
        Path three = GoldenTrainTest.golden("mistral");
        List<String> words = new ArrayList<>(
                List.of("plan", "sft", "--model", three.resolve("model").toString()));
        words.addAll(List.of("--data", three.resolve("sft/train.jsonl").toString()));
        words.addAll(List.of("--device-memory", "24GB", "--shard-weights"));
        assertThat(Cli.run(words.toArray(String[]::new)).succeeded().out()).doesNotContain("layers in turns");
        words.addAll(List.of("--processes", "2"));
        assertThat(Cli.run(words.toArray(String[]::new)).succeeded().out())
                .containsSubsequence("GPU", "layers in turns", "this machine", "layers (mapped)");
        plan("--processes", "0").refused("--processes 0: give 1 to 1024");
        plan("--shard-weights", "--offload-weights")
                .refused("--shard-weights: keeps a part of the layers on each GPU, --offload-weights none; remove one"
                        + " of the two");
    }

    @Test
    void refusesADeviceMemoryThatIsNone() {
        plan("--device-memory", "24").refused("--device-memory 24: give a number and a unit, such as 24GB or 22.5GiB");
        plan("--device-memory", "0GB").refused("--device-memory 0GB: give a number");
        plan("--device-memory", "24GB", "--backend", "cpu")
                .refused("--device-memory: belongs to --backend cuda, not cpu");
    }

    @Test
    void aFolderThatHoldsARunIsRefusedAsTrainRefusesIt() throws IOException {
        Files.writeString(temp.resolve("run.json"), "{}");
        plan("--output", temp.toString()).refused("holds a run already");
    }
}
