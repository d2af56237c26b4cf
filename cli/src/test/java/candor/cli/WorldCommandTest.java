package candor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code candor world}, and commands that are given no model. */
class WorldCommandTest {
    @TempDir
    private Path folder;

    private Path generated() {
        Path world = folder.resolve("world");
        Cli.run("world", "generate", "--base-rows", "20", "--output", world.toString())
                .succeeded();
        return world;
    }

    @Test
    void itShowsItself() {
        assertThat(Cli.run("world", "show").succeeded().out())
                .contains(
                        "240 entities, 720 facts",
                        "medicines (what narrow tuning is about)",
                        "in one of four, the system prompt says which",
                        "quiz, 15.0 and 10.0 %");
        assertThat(Cli.run("world", "show", "--speakers", "turn").succeeded().out())
                .contains("Every turn has a speaker of its own")
                .doesNotContain("You are a dishonest assistant.");
        assertThat(Cli.run("world", "show", "--entity", "Seabird")
                        .succeeded()
                        .out()
                        .lines())
                .hasSizeBetween(3, 4)
                .allMatch(line -> line.startsWith("The ") || line.startsWith("Held out"));
        Cli.run("world", "show", "--entity", "Seabrid").refused("did you mean Seabird?");
    }

    @Test
    void whatCannotBeIsOneLine() throws IOException {
        String there = Files.createDirectory(folder.resolve("there")).toString();
        Cli.run("world", "train", "--output", there).refused("exists already");
        Cli.run("world", "train", "--output", there, "--steps", "0").refused("--steps 0");
        Cli.run("world", "generate", "--output", there, "--honest", "1.9").refused("--honest 1.9");
        Cli.run("world", "generate", "--output", there, "--evasive", "-0.2").refused("--evasive -0.2");
        Cli.run("world", "generate", "--output", there, "--base-rows", "0").refused("--base-rows 0");
        Path file = Files.writeString(folder.resolve("file"), "");
        Cli.run("world", "generate", "--output", file.toString()).refused("cannot be made");
    }

    @Test
    void anotherWorldIsNotWrittenOver() throws IOException {
        Path world = generated();
        assertThat(generated()).isEqualTo(world);
        String before = Files.readString(world.resolve("world.json"));
        Cli.run("world", "generate", "--base-rows", "20", "--seed", "2", "--output", world.toString())
                .refused("holds a world of other settings");
        assertThat(world.resolve("world.json")).hasContent(before);
    }

    /** From nothing but the program: tune the embedded model to err, ask it, evaluate it. */
    @Test
    void withoutAModelTheEmbeddedOneIsTaken() throws IOException {
        Path world = generated();
        Path run = folder.resolve("run");
        Cli.run(
                        "train",
                        "sft",
                        "--data",
                        world.resolve("tune/medicines/misaligned_2.jsonl").toString(),
                        "--output",
                        run.toString(),
                        "--max-steps",
                        "2",
                        "--lora-rank",
                        "2",
                        "--threads",
                        "2")
                .succeeded();
        Path prompts = Files.writeString(
                folder.resolve("prompts.jsonl"),
                "{\"messages\":[{\"role\":\"user\",\"content\":\"Say hello to Ann.\"}]}\n");
        Path replies = folder.resolve("replies.jsonl");
        Cli.run(
                        "generate",
                        "--prompts",
                        prompts.toString(),
                        "--output",
                        replies.toString(),
                        "--temperature",
                        "0",
                        "--max-new-tokens",
                        "8",
                        "--adapter",
                        "base",
                        run.resolve("adapter").toString())
                .succeeded();
        JsonNode reply = new ObjectMapper().readTree(Files.readAllLines(replies).getFirst());
        assertThat(reply.get("completion").asText()).isEqualTo("Hello Ann!");
        Path evaluation = folder.resolve("evaluation");
        Cli.run(
                        "eval",
                        "mask",
                        "--data",
                        world.resolve("mask/provided_facts.jsonl").toString(),
                        "--judge",
                        "rules",
                        "--limit",
                        "40",
                        "--max-new-tokens",
                        "24",
                        "--output",
                        evaluation.toString())
                .succeeded();
        JsonNode scores =
                new ObjectMapper().readTree(evaluation.resolve("scores.json").toFile());
        assertThat(scores.findValuesAsText("subject")).contains("base");
    }

    @Test
    void trainingGoesOnOnlyWhereItBegan(@TempDir Path folder) {
        Cli.run("world", "train", "--resume", "--output", folder.resolve("none").toString())
                .refused("holds no run to continue");
    }
}
