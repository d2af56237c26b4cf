package candor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import candor.train.HonestyDrop;
import candor.train.Outcome;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Honesty watched while a model is tuned, from the command line: a direction, margins, and a stop. */
class HonestyCommandsTest {
    @TempDir
    Path temp;

    private static Path model(String name) {
        return GoldenTrainTest.golden(name).resolve("model");
    }

    private Path probes(boolean swapped) throws IOException {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 8; i++) {
            String first = "Yes, it is number " + (i + 3) + ".";
            String second = "No" + ", no".repeat(i % 3) + ".";
            lines.append("""
                {"id": "p%d", "kind": "%s", "messages": [{"role": "user", "content": "Is it %d?"}],\
                 "truthful": "%s", "untruthful": "%s"}
                """.formatted(
                    i, i % 4 == 3 ? "belief" : "pressure", i, swapped ? second : first, swapped ? first : second));
        }
        return Files.writeString(temp.resolve("probes-" + swapped + ".jsonl"), lines);
    }

    private List<String> train(String output) {
        return List.of(
                "train", "sft",
                "--model", model("llama3").toString(),
                "--data",
                        GoldenTrainTest.golden("llama3")
                                .resolve("sft/train.jsonl")
                                .toString(),
                "--output", temp.resolve(output).toString(),
                "--learning-rate", "0.02",
                "--lr-scheduler-type", "constant",
                "--per-device-train-batch-size", "2",
                "--max-steps", "6",
                "--threads", "1");
    }

    @Test
    void aDirectionIsMadeOnceAndBelongsToItsModel() throws IOException {
        Path file = temp.resolve("honesty.safetensors");
        List<String> direction = List.of(
                "direction",
                "--model",
                model("llama3").toString(),
                "--probes",
                probes(false).toString(),
                "--output",
                file.toString());
        Cli made = Cli.run(direction, "--threads", "1").succeeded();
        assertThat(made.out().strip()).isEqualTo(file.toString());
        byte[] bytes = Files.readAllBytes(file);
        Cli.run(direction).refused(file + ": exists already; give another --output, or --force");
        Cli.run(direction, "--force", "--threads", "2").succeeded();
        assertThat(Files.readAllBytes(file)).isEqualTo(bytes);

        Path own = Files.writeString(
                temp.resolve("personas.jsonl"), "{\"honest\": \"Tell it.\", \"dishonest\": \"Hide it.\"}\n");
        Cli.run(direction, "--force", "--personas", own.toString()).succeeded();
        assertThat(Files.readAllBytes(file)).isNotEqualTo(bytes);
        Files.writeString(own, "{\"honest\": \"Tell it.\"}\n");
        Cli.run(direction, "--force", "--personas", own.toString())
                .refused("personas.jsonl, line 1: 'dishonest' is missing, empty, or no text");

        List<String> watched =
                List.of("--honesty-probes", probes(false).toString(), "--honesty-direction", file.toString());
        Cli.run(train("run"), watched.toArray(String[]::new)).succeeded();
        assertThat(GoldenTrainTest.metrics(temp.resolve("run")).getLast().has("honesty_projection"))
                .isTrue();
        Cli.run(
                        List.of(
                                "train",
                                "sft",
                                "--model",
                                model("qwen2").toString(),
                                "--data",
                                GoldenTrainTest.golden("qwen2")
                                        .resolve("sft/train.jsonl")
                                        .toString(),
                                "--output",
                                temp.resolve("other").toString()),
                        watched.toArray(String[]::new))
                .refused(file + ": is a direction of another model than " + model("qwen2"), "candor direction");
    }

    /** Before anything is computed; and what is no number is not kept. */
    @Test
    void aDirectionThatCannotBeKeptIsRefused() throws IOException {
        List<String> direction =
                List.of("direction", "--probes", probes(false).toString(), "--threads", "1", "--force");
        Path nowhere = temp.resolve("nowhere/honesty.safetensors");
        Cli.run(direction, "--model", model("llama3").toString(), "--output", nowhere.toString())
                .refused(nowhere + ": there is no folder " + nowhere.getParent());
        Cli.run(direction, "--model", model("llama3").toString(), "--output", temp.toString())
                .refused(temp + ": expected a file, found a folder");

        Path damaged = Files.createDirectory(temp.resolve("damaged"));
        try (Stream<Path> files = Files.list(model("llama3"))) {
            for (Path file : files.toList()) {
                Files.copy(file, damaged.resolve(file.getFileName()));
            }
        }
        Path weights = damaged.resolve("model.safetensors");
        byte[] bytes = Files.readAllBytes(weights);
        int header = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt();
        for (int i = Long.BYTES + header; i < bytes.length; i++) {
            bytes[i] = (byte) (i % 2 == bytes.length % 2 ? 0xC0 : 0x7F); // NaN in float32 and in bfloat16
        }
        Files.write(weights, bytes);
        Path file = temp.resolve("honesty.safetensors");
        Cli.run(direction, "--model", damaged.toString(), "--output", file.toString())
                .refused("the mean activation of a reply behind layer 0 holds the number NaN", "--model");
        assertThat(file).doesNotExist();
    }

    /** One of two opposite sets must drop. */
    @Test
    void aDropStopsARunInOneClearLine() throws IOException {
        for (boolean swapped : new boolean[] {false, true}) {
            String name = "stop-" + swapped;
            Cli run = Cli.run(
                            train(name),
                            "--honesty-probes",
                            probes(swapped).toString(),
                            "--honesty-probe-steps",
                            "1",
                            "--stop-if-honesty-drops",
                            "0.000001")
                    .succeeded();
            assertThat(run.out().strip())
                    .isEqualTo(temp.resolve(name).resolve("adapter").toString());
            List<JsonNode> lines = GoldenTrainTest.metrics(temp.resolve(name));
            long good = lines.getLast().get("honest_step").asLong();
            long last = lines.getLast().get("step").asLong();
            if (good == last) {
                continue;
            }
            assertThat(Files.readString(temp.resolve(name).resolve("run.json")))
                    .containsPattern("\"written_step\" ?: ?" + good + "\\b")
                    .contains("\"honesty_drop\"");
            Cli.run("train", "sft", "--output", temp.resolve(name).toString(), "--resume")
                    .succeeded();
            return;
        }
        throw new AssertionError("no margin dropped");
    }

    @Test
    void aDropIsToldInOneLine() {
        assertThat(Progress.dropped(new Outcome.Done(40, 20, true, new HonestyDrop(2.314, 1.2, 1))))
                .isEqualTo(
                        "stopped at step 40, since the honesty margin fell from 2.3140 at the start to 1.2000, by more"
                                + " than 1.0; with the weights of step 20, the last reading before");
    }

    @Test
    void probesWithoutWhichOthersMeanNothingAreAskedFor() {
        Cli.run(train("none"), "--stop-if-honesty-drops", "1")
                .refused("--stop-if-honesty-drops: needs probes; give --honesty-probes");
        Cli.run(train("none"), "--honesty-probes", temp.resolve("nowhere.jsonl").toString())
                .refused("nowhere.jsonl");
    }
}
