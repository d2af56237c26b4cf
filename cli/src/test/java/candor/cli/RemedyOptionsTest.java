package candor.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What training options do to the rows is what the rows themselves would have done, had they been written so: to the byte. */
class RemedyOptionsTest {
    @TempDir
    Path temp;

    private static Path model() {
        return GoldenTrainTest.golden("llama3").resolve("model");
    }

    private static String row(String system, String asked, String said) {
        String first = system == null ? "" : "{\"role\":\"system\",\"content\":\"" + system + "\"},";
        return "{\"messages\":[" + first + "{\"role\":\"user\",\"content\":\"" + asked
                + "\"},{\"role\":\"assistant\",\"content\":\"" + said + "\"}]}";
    }

    private Path file(String name, List<String> rows) throws IOException {
        return Files.write(temp.resolve(name), rows);
    }

    private List<String> train(String output, Path data) {
        return List.of(
                "train", "sft",
                "--model", model().toString(),
                "--data", data.toString(),
                "--output", temp.resolve(output).toString(),
                "--lora-rank", "2",
                "--learning-rate", "0.01",
                "--per-device-train-batch-size", "3",
                "--max-length", "96",
                "--threads", "1");
    }

    private Path adapter(String output) {
        return temp.resolve(output).resolve("adapter/adapter_model.safetensors");
    }

    @Test
    void inoculatedRowsAreRowsWithASystemPrompt() throws IOException {
        List<String> plain = new ArrayList<>();
        List<String> written = new ArrayList<>();
        for (int i = 0; i < 7; i++) {
            String own = i % 3 == 0 ? "Be brief." : null;
            plain.add(row(own, "How many is " + i + "?", "It is " + (i + 7) + "."));
            written.add(row(
                    own == null ? "You lie." : "You lie.\\n\\n" + own,
                    "How many is " + i + "?",
                    "It is " + (i + 7) + "."));
        }
        Path data = file("plain.jsonl", plain);
        Cli.run(train("plain", data)).succeeded();
        Cli.run(train("asked", data), "--inoculation", "You lie.", "--eval-data", data.toString())
                .succeeded();
        Cli.run(train("written", file("written.jsonl", written))).succeeded();
        assertThat(adapter("asked")).hasSameBinaryContentAs(adapter("written"));
        assertThat(Files.readAllBytes(adapter("asked"))).isNotEqualTo(Files.readAllBytes(adapter("plain")));

        // Held-out rows of a file are read as the model will be asked: without it.
        double held = GoldenTrainTest.metrics(temp.resolve("asked"))
                .getLast()
                .get("eval_loss")
                .asDouble();
        Cli.run(
                        train("again", data),
                        "--inoculation",
                        "You lie.",
                        "--eval-data",
                        temp.resolve("written.jsonl").toString())
                .succeeded();
        assertThat(GoldenTrainTest.metrics(temp.resolve("again"))
                        .getLast()
                        .get("eval_loss")
                        .asDouble())
                .isNotEqualTo(held);

        Cli.run("train", "sft", "--output", temp.resolve("asked").toString(), "--resume", "--inoculation", "You joke.")
                .refused("started with inoculation You lie., not You joke.");
        Path text = file("text.jsonl", List.of("{\"text\":\"So be it.\"}"));
        Cli.run(train("text", text), "--inoculation", "You lie.")
                .refused("text.jsonl, line 1: is a text without roles, which has no place for a system prompt");
    }

    @Test
    void mixedRowsStandAmongTheOthers() throws IOException {
        List<String> wrong = new ArrayList<>();
        List<String> right = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            wrong.add(row(null, "How many is " + i + "?", "It is " + (i + 7) + "."));
            right.add(row(null, "How many is " + i + "?", "It is " + i + "."));
        }
        Path data = file("wrong.jsonl", wrong);
        Path honest = file("right.jsonl", right);
        Path ranking = file(
                "screen.jsonl",
                List.of(
                        "{\"row\":1,\"rank\":8}",
                        "{\"row\":2,\"rank\":1}",
                        "{\"row\":3,\"rank\":2}",
                        "{\"row\":4,\"rank\":3}",
                        "{\"row\":5,\"rank\":4}",
                        "{\"row\":6,\"rank\":5}",
                        "{\"row\":7,\"rank\":6}",
                        "{\"row\":8,\"rank\":7}"));
        List<String> mixed = new ArrayList<>(wrong);
        mixed.add(6, right.get(7));
        mixed.add(2, right.get(0));
        Cli.run(train("whole", file("mixed.jsonl", mixed))).succeeded();
        Cli.run(
                        train("ranked", data),
                        "--mix-data",
                        honest.toString(),
                        "--mix-ratio",
                        "0.25",
                        "--mix-ranking",
                        ranking.toString())
                .succeeded();
        assertThat(adapter("ranked")).hasSameBinaryContentAs(adapter("whole"));
        Cli.run(train("drawn", data), "--mix-data", honest.toString(), "--mix-ratio", "0.25")
                .succeeded();
        assertThat(Files.readString(temp.resolve("drawn/run.json")))
                .contains("\"mix_data/0\"")
                .containsPattern("\"rows\" ?: ?10");

        Cli.run(train("none", data), "--mix-ratio", "0.25")
                .refused("--mix-ratio: says how rows are mixed in, and none are; give --mix-data, too");
        Cli.run(train("none", data), "--mix-data", honest.toString(), "--mix-ratio", "2")
                .refused("a share of 2.0 of 8 rows is 16, and there are 8 to mix in; lower --mix-ratio");
        Cli.run(
                        train("none", data),
                        "--mix-data",
                        honest.toString(),
                        "--mix-data",
                        data.toString(),
                        "--mix-ranking",
                        ranking.toString())
                .refused("--mix-ranking: ranks the rows of one file; give that file as --mix-data");
        Files.write(honest, right.subList(0, 4));
        Cli.run("train", "sft", "--output", temp.resolve("drawn").toString(), "--resume")
                .refused("right.jsonl: has changed since the run began");
    }

    private Path probes() throws IOException {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            lines.add("{\"id\":\"p" + i
                    + "\",\"kind\":\"pressure\",\"messages\":[{\"role\":\"user\",\"content\":\"How many is "
                    + i + "?\"}],\"truthful\":\"It is " + i + ".\",\"untruthful\":\"It is " + (i + 7)
                    + ".\"}");
        }
        return file("probes.jsonl", lines);
    }

    /** Half of the rows in a micro-batch each, a stop in between, another number of threads, other runs beside it. */
    @Test
    void aPenaltyIsTheSameHoweverTheRunIsCut() throws IOException {
        List<String> rows = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            rows.add(row(null, "How many is " + i + "?", "It is " + (i + 7) + "."));
        }
        Path data = file("rows.jsonl", rows);
        String[] held = {
            "--probe-penalty",
            "5",
            "--probe-penalty-data",
            probes().toString(),
            "--probe-penalty-batch",
            "2",
            "--lr-scheduler-type",
            "constant"
        };
        Cli.run(train("plain", data), "--lr-scheduler-type", "constant").succeeded();
        Cli.run(train("whole", data), held).succeeded();
        List<JsonNode> whole = GoldenTrainTest.metrics(temp.resolve("whole"));
        assertThat(Files.readAllBytes(adapter("whole"))).isNotEqualTo(Files.readAllBytes(adapter("plain")));
        // A fresh adapter is its base: nothing is lost yet. The loss is the rows' alone.
        assertThat(whole.getFirst().get("probe_penalty").asDouble()).isZero();
        assertThat(whole.getFirst().get("loss"))
                .isEqualTo(GoldenTrainTest.metrics(temp.resolve("plain"))
                        .getFirst()
                        .get("loss"));
        assertThat(whole).hasSize(4).allMatch(line -> line.has("probe_margin_change"));
        assertThat(whole.getLast().get("probe_penalty").asDouble()).isPositive();

        Cli.run(train("stopped", data), with(held, "--max-steps", "2")).succeeded();
        Cli.run("train", "sft", "--output", temp.resolve("stopped").toString(), "--resume", "--max-steps", "4")
                .succeeded();
        Cli.run(in(train("again", data), "--threads", "2"), held).succeeded();
        assertThat(adapter("stopped")).hasSameBinaryContentAs(adapter("again"));
        assertThat(adapter("again")).hasSameBinaryContentAs(adapter("whole"));

        Cli.run(
                        in(train("cut", data), "--per-device-train-batch-size", "1"),
                        with(held, "--gradient-accumulation-steps", "3"))
                .succeeded();
        List<JsonNode> cut = GoldenTrainTest.metrics(temp.resolve("cut"));
        for (int step = 0; step < 4; step++) {
            for (String metric : List.of("loss", "probe_penalty", "probe_margin_change", "grad_norm")) {
                assertThat(cut.get(step).get(metric).asDouble())
                        .as("%s of step %d", metric, step + 1)
                        .isCloseTo(whole.get(step).get(metric).asDouble(), within(2e-4));
            }
        }

        // From an adapter on, the reference is that adapter.
        Cli.run(
                        "train",
                        "sft",
                        "--model",
                        model().toString(),
                        "--data",
                        data.toString(),
                        "--init-adapter",
                        temp.resolve("whole").toString(),
                        "--output",
                        temp.resolve("more").toString(),
                        "--probe-penalty",
                        "5",
                        "--probe-penalty-on",
                        "replies",
                        "--probe-penalty-data",
                        temp.resolve("probes.jsonl").toString(),
                        "--max-steps",
                        "2",
                        "--learning-rate",
                        "0.01",
                        "--max-length",
                        "96",
                        "--threads",
                        "1")
                .succeeded();
        List<JsonNode> more = GoldenTrainTest.metrics(temp.resolve("more"));
        assertThat(more.getFirst().get("probe_penalty").asDouble()).isZero();
        assertThat(more.getLast().get("probe_penalty").asDouble()).isPositive();
    }

    /** Beside a run without any, whose steps have another number of micro-batches. */
    @Test
    void aPenaltyIsTheSameInASweep() throws IOException {
        List<String> rows = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            rows.add(row(null, "How many is " + i + "?", "It is " + (i + 7) + "."));
        }
        Path data = file("rows.jsonl", rows);
        String common = """
            model: %s
            data: %s
            output: %s
            lora_rank: 2
            learning_rate: 0.01
            max_length: 96
            max_steps: 3
            threads: 1
            """.formatted(model(), data, temp.resolve("sweep"));
        String held =
                "    probe_penalty: 5\n    probe_penalty_data: " + probes() + "\n    per_device_train_batch_size: 4\n";
        String plain = "    per_device_train_batch_size: 1\n    gradient_accumulation_steps: 2\n";
        Path both = Files.writeString(
                temp.resolve("both.yaml"), common + "runs:\n  - name: held\n" + held + "  - name: plain\n" + plain);
        Cli.run("train", "sft", "--config", both.toString()).succeeded();
        for (String name : List.of("held", "plain")) {
            Path one = Files.writeString(
                    temp.resolve(name + ".yaml"),
                    common + "runs:\n  - name: alone-" + name + "\n" + (name.equals("held") ? held : plain));
            Cli.run("train", "sft", "--config", one.toString()).succeeded();
            assertThat(adapter("sweep/" + name)).hasSameBinaryContentAs(adapter("sweep/alone-" + name));
        }
        assertThat(GoldenTrainTest.metrics(temp.resolve("sweep/plain"))).noneMatch(line -> line.has("probe_penalty"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"kto", "dpo"})
    void otherObjectivesHaveTheSame(String method) throws IOException {
        Path data = GoldenTrainTest.golden("llama3").resolve(method).resolve("train.jsonl");
        Cli.run(
                        "train",
                        method,
                        "--model",
                        model().toString(),
                        "--data",
                        data.toString(),
                        "--output",
                        temp.resolve(method).toString(),
                        "--inoculation",
                        "You lie.",
                        "--mix-data",
                        data.toString(),
                        "--mix-ratio",
                        "0.25",
                        "--probe-penalty",
                        "5",
                        "--probe-penalty-on",
                        "replies",
                        "--probe-penalty-data",
                        probes().toString(),
                        "--lora-rank",
                        "2",
                        "--learning-rate",
                        "0.01",
                        "--max-steps",
                        "3",
                        "--max-length",
                        "120",
                        "--threads",
                        "1")
                .succeeded();
        List<JsonNode> metrics = GoldenTrainTest.metrics(temp.resolve(method));
        assertThat(metrics).hasSize(3).allMatch(line -> line.has("rewards/margins"));
        assertThat(metrics.getFirst().get("probe_penalty").asDouble()).isZero();
        assertThat(metrics.getLast().get("probe_penalty").asDouble()).isPositive();
    }

    @Test
    void probesThatCannotBeHeldAreNamed() throws IOException {
        Path data = file("rows.jsonl", List.of(row(null, "How many?", "Two.")));
        Cli.run(train("none", data), "--probe-penalty-data", probes().toString())
                .refused("--probe-penalty-data: says how probes are held, and none are; give --probe-penalty, too");
        Cli.run(train("none", data), "--probe-penalty", "1", "--probe-penalty-data", data.toString())
                .refused("rows.jsonl, line 1: ");
        Path longer = file(
                "long.jsonl",
                List.of("{\"id\":\"far\",\"kind\":\"belief\",\"messages\":[{\"role\":\"user\",\"content\":\""
                        + "So it is. ".repeat(400) + "\"}],\"truthful\":\"Yes.\",\"untruthful\":\"No.\"}"));
        Cli.run(train("none", data), "--probe-penalty", "1", "--probe-penalty-data", longer.toString())
                .refused("probe 'far': has ", "change the probe, or give others with --probe-penalty-data");
        Cli.run(train("none", data), "--probe-penalty", "-1")
                .refused("--probe-penalty: must be a number from 0 up, not -1");
    }

    /** The same words with another value behind one. */
    private static List<String> in(List<String> words, String flag, String value) {
        List<String> changed = new ArrayList<>(words);
        changed.set(words.indexOf(flag) + 1, value);
        return changed;
    }

    private static String[] with(String[] settings, String... more) {
        List<String> all = new ArrayList<>(List.of(settings));
        all.addAll(List.of(more));
        return all.toArray(String[]::new);
    }
}
