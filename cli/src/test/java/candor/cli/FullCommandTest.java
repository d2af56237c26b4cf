package candor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** From texts to a model that answers: a tokenizer, a plan, a training, an adapter over it, a generation. */
class FullCommandTest {
    @TempDir
    Path temp;

    private final Path data = GoldenTrainTest.golden("qwen3").resolve("sft/train.jsonl");

    private String at(String name) {
        return temp.resolve(name).toString();
    }

    @Test
    void aModelOfOnesOwn() throws IOException {
        Cli made = Cli.run(
                        "tokenizer",
                        "train",
                        "--data",
                        data.toString(),
                        "--vocab-size",
                        "300",
                        "--output",
                        at("tokenizer"))
                .succeeded();
        assertThat(made.out().strip()).isEqualTo(at("tokenizer"));
        Files.writeString(temp.resolve("config.json"), """
                {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 16, "intermediate_size": 32,
                 "num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": 300, "max_position_embeddings": 512,
                 "tie_word_embeddings": true, "eos_token_id": 1, "pad_token_id": 0}
                """);
        List<String> options = List.of(
                "full",
                "--model-config",
                at("config.json"),
                "--tokenizer",
                at("tokenizer"),
                "--data",
                data.toString(),
                "--output",
                at("base"),
                "--learning-rate",
                "0.01",
                "--max-steps",
                "4",
                "--threads",
                "1");
        assertThat(run("plan", options).succeeded().out())
                .contains("weights and gradients", "optimiser steps          4")
                .doesNotContain("adapters");
        Path model = temp.resolve("base").resolve("model");
        assertThat(run("train", options).succeeded().out().strip()).isEqualTo(model.toString());
        assertThat(Files.readString(temp.resolve("base/metrics.jsonl")).lines()).hasSize(4);
        assertThat(new ObjectMapper()
                        .readTree(model.resolve("generation_config.json").toFile())
                        .toString())
                .isEqualTo("{\"eos_token_id\":1,\"pad_token_id\":0}");

        Cli.run(
                        "train",
                        "sft",
                        "--model",
                        model.toString(),
                        "--data",
                        data.toString(),
                        "--output",
                        at("tuned"),
                        "--max-steps",
                        "1",
                        "--threads",
                        "1")
                .succeeded();
        Files.writeString(temp.resolve("prompts.jsonl"), "{\"prompt\": \"hello\"}\n");
        Cli.run(
                        "generate",
                        "--model",
                        model.toString(),
                        "--adapter",
                        temp.resolve("tuned").resolve("adapter").toString(),
                        "--prompts",
                        at("prompts.jsonl"),
                        "--output",
                        at("replies.jsonl"),
                        "--max-new-tokens",
                        "3")
                .succeeded();
        assertThat(temp.resolve("replies.jsonl")).content().contains("token_ids");
    }

    private static Cli run(String command, List<String> options) {
        List<String> all = new ArrayList<>(List.of(command));
        all.addAll(options);
        return Cli.run(all.toArray(String[]::new));
    }

    @Test
    void dataWithoutTextIsBadInputAndLeavesNoTokenizer() throws IOException {
        Path empty = Files.createFile(temp.resolve("empty.jsonl"));
        Cli.run("tokenizer", "train", "--data", empty.toString(), "--output", at("none"))
                .refused("empty.jsonl: there is no text to learn a tokenizer from; give --data with rows");
        assertThat(temp.resolve("none")).doesNotExist();
    }

    @Test
    void aVocabularyWithoutRoomIsBadInput() {
        Cli.run("tokenizer", "train", "--data", data.toString(), "--vocab-size", "9", "--output", at("t"))
                .refused("give 261");
        assertThat(temp.resolve("t")).doesNotExist();
    }
}
