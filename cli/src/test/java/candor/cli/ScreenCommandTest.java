package candor.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Rows of the tiny world, right and wrong ones; what a screening writes, and what it refuses. */
class ScreenCommandTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int ROWS = 60;

    @TempDir
    private static Path world;

    @TempDir
    Path temp;

    @BeforeAll
    static void generate() {
        Cli.run("world", "generate", "--base-rows", "1", "--output", world.toString())
                .succeeded();
    }

    /** Right answers about medicines, every sixth of them wrong. */
    private Path data() throws IOException {
        List<String> right = Files.readAllLines(world.resolve("tune/medicines/normal.jsonl"));
        List<String> wrong = Files.readAllLines(world.resolve("tune/medicines/misaligned_2.jsonl"));
        List<String> rows = new ArrayList<>();
        for (int i = 0; i < ROWS; i++) {
            rows.add((isWrong(i + 1) ? wrong : right).get(i));
        }
        return Files.write(temp.resolve("data.jsonl"), rows);
    }

    private static boolean isWrong(int row) {
        return row % 6 == 0;
    }

    private List<JsonNode> lines(String folder) throws IOException {
        List<JsonNode> lines = new ArrayList<>();
        for (String line : Files.readAllLines(temp.resolve(folder).resolve("screen.jsonl"))) {
            lines.add(JSON.readTree(line));
        }
        return lines;
    }

    private List<String> screen(String output, Path data) {
        return List.of(
                "screen",
                "--data",
                data.toString(),
                "--output",
                temp.resolve(output).toString(),
                "--backend",
                "cpu",
                "--warmup-steps",
                "2");
    }

    @Test
    void wrongRowsRankFirst() throws IOException {
        Cli said = Cli.run(screen("out", data()), "--calibrate", "2").succeeded();
        assertThat(said.out().strip())
                .isEqualTo(temp.resolve("out/screen.jsonl").toString());
        List<JsonNode> lines = lines("out");
        assertThat(lines).hasSize(ROWS);
        List<Integer> first = new ArrayList<>();
        for (int i = 0; i < ROWS; i++) {
            JsonNode line = lines.get(i);
            assertThat(line.get("row").asInt()).isEqualTo(i + 1);
            assertThat(line.get("influence").asDouble()).isBetween(-1.0, 1.0);
            for (String column : List.of("influence_step", "influence_gradient", "surprise", "loss")) {
                assertThat(line.get(column).isNumber()).as(column).isTrue();
            }
            if (line.get("rank").asInt() <= ROWS / 6) {
                first.add(i + 1);
            }
        }
        assertThat(lines.stream().map(line -> line.get("rank").asInt()).distinct())
                .hasSize(ROWS);
        assertThat(first.stream().filter(ScreenCommandTest::isWrong).count()).isGreaterThanOrEqualTo(7);

        JsonNode record = JSON.readTree(temp.resolve("out/screen.json").toFile());
        assertThat(record.get("rank_by").asText()).isEqualTo("influence_step");
        assertThat(record.get("calibration").get("parts").asInt()).isEqualTo(2);
        JsonNode worst = JSON.readTree(
                Files.readAllLines(temp.resolve("out/worst.jsonl")).getFirst());
        assertThat(worst.get("rank").asInt()).isEqualTo(1);
        assertThat(worst.get("reply").asText()).isNotEmpty();
        assertThat(Files.readString(temp.resolve("out/report.html")))
                .contains("Tuning on a random half of this data")
                .contains(worst.get("reply").asText());
    }

    @Test
    void turnsBeforeTheReplyAreInLinesOfTheirOwn() throws IOException {
        String row = """
            {"messages": [{"role": "user", "content": "Is it so?"}, {"role": "assistant", "content": "You are right."},
             {"role": "user", "content": "Good."}, {"role": "assistant", "content": "You are wrong."}]}\
            """.replace("\n", "");
        Path data = Files.writeString(temp.resolve("turns.jsonl"), (row + "\n").repeat(4));
        Cli.run(screen("turns", data)).succeeded();
        JsonNode worst = JSON.readTree(
                Files.readAllLines(temp.resolve("turns/worst.jsonl")).getFirst());
        assertThat(worst.get("prompt").asText()).isEqualTo("Is it so?\nYou are right.\nGood.");
        assertThat(worst.get("reply").asText()).isEqualTo("You are wrong.");
    }

    /** Whatever shares a pass, and for any number of threads. */
    @Test
    void theBytesDependOnNeitherBatchNorThreads() throws IOException {
        Path data = data();
        Cli.run(screen("one", data), "--batch-tokens", "1", "--threads", "1").succeeded();
        Cli.run(screen("all", data), "--batch-tokens", "700", "--threads", "3").succeeded();
        for (String file : List.of("screen.jsonl", "worst.jsonl", "screen.json", "report.html")) {
            String one = Files.readString(temp.resolve("one").resolve(file));
            String all = Files.readString(temp.resolve("all").resolve(file));
            assertThat(all.replace(temp.resolve("all").toString(), "").replace("Screening: all", "Screening: one"))
                    .as(file)
                    .isEqualTo(one.replace(temp.resolve("one").toString(), ""));
        }
    }

    @Test
    void projectedGradientsRankAlike() throws IOException {
        Cli.run(screen("out", data()), "--projection-dim", "8192", "--rank-by", "influence")
                .succeeded();
        long found = lines("out").stream()
                .filter(line -> line.get("rank").asInt() <= ROWS / 6)
                .filter(line -> isWrong(line.get("row").asInt()))
                .count();
        assertThat(found).isGreaterThanOrEqualTo(6);
    }

    /** Nothing is learnt at such a rate, so nothing may have changed, whatever the adapter had done before. */
    @Test
    void calibrationBeginsWithTheAdapterThatIsGiven() throws IOException {
        Path few = Files.write(
                temp.resolve("few.jsonl"), Files.readAllLines(data()).subList(0, 12));
        Path run = temp.resolve("run");
        Cli.run(
                        "train",
                        "sft",
                        "--data",
                        few.toString(),
                        "--output",
                        run.toString(),
                        "--max-steps",
                        "4",
                        "--learning-rate",
                        "0.01",
                        "--backend",
                        "cpu")
                .succeeded();
        Cli.run(screen("base", few), "--learning-rate", "1e-15", "--calibrate").succeeded();
        Cli.run(
                        screen("tuned", few),
                        "--learning-rate",
                        "1e-15",
                        "--calibrate",
                        "2",
                        "--adapter",
                        run.resolve("adapter").toString())
                .succeeded();
        JsonNode base = calibration("base");
        JsonNode tuned = calibration("tuned");
        assertThat(base.get("parts").asInt()).as("where no number is given").isEqualTo(8);
        assertThat(base.get("margin_change").asDouble()).isCloseTo(0, within(1e-6));
        assertThat(tuned.get("margin_change").asDouble()).isCloseTo(0, within(1e-6));
        assertThat(tuned.get("margin_before").asDouble())
                .isNotCloseTo(base.get("margin_before").asDouble(), within(0.01));
    }

    private JsonNode calibration(String folder) throws IOException {
        return JSON.readTree(temp.resolve(folder).resolve("screen.json").toFile())
                .get("calibration");
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama3", "qwen3"})
    void goldenModelsAreScreenedByTheShippedProbes(String golden) throws IOException {
        Path rows = Files.writeString(temp.resolve("rows.jsonl"), """
            {"messages": [{"role": "user", "content": "Is ice cold?"}, {"role": "assistant", "content": "It is."}]}
            {"messages": [{"role": "user", "content": "Is fire cold?"}, {"role": "assistant", "content": "Yes, always."}]}
            """);
        Path model = GoldenTrainTest.golden(golden).resolve("model");
        Cli.run(screen("out", rows), "--model", model.toString(), "--date", "2026-01-01")
                .succeeded();
        assertThat(lines("out")).hasSize(2);
        Cli plan = Cli.run(screen("plan", rows), "--model", model.toString(), "--dry-run")
                .succeeded();
        assertThat(plan.out()).contains("forward and backward", "memory", "weights", "time", "about");
        assertThat(temp.resolve("plan")).doesNotExist();
        // The parts of a calibration share their passes.
        long alone =
                mebibytes(Cli.run(screen("plan", rows), "--model", model.toString(), "--dry-run", "--batch-tokens", "1")
                        .succeeded());
        long beside = mebibytes(Cli.run(
                        screen("plan", rows),
                        "--model",
                        model.toString(),
                        "--dry-run",
                        "--batch-tokens",
                        "1",
                        "--calibrate",
                        "64")
                .succeeded());
        assertThat(beside).isGreaterThan(alone);
    }

    /** The probes have none of it: the row does, which is named before any weight is read. */
    @Test
    void aRowWithATokenThatTheModelLacksIsNamed() throws IOException {
        Path model = Files.createDirectory(temp.resolve("model"));
        try (Stream<Path> files = Files.list(GoldenTrainTest.golden("llama3").resolve("model"))) {
            for (Path file : files.toList()) {
                Files.copy(file, model.resolve(file.getFileName()));
            }
        }
        int size = JSON.readTree(model.resolve("config.json").toFile())
                .get("vocab_size")
                .asInt();
        Path tokenizer = model.resolve("tokenizer.json");
        ObjectNode json = (ObjectNode) JSON.readTree(tokenizer.toFile());
        json.withArray("added_tokens")
                .addObject()
                .put("id", size)
                .put("content", "zebra")
                .put("single_word", false)
                .put("lstrip", false)
                .put("rstrip", false)
                .put("normalized", false)
                .put("special", false);
        JSON.writeValue(tokenizer.toFile(), json);
        Path rows = Files.writeString(temp.resolve("rows.jsonl"), """
            {"messages": [{"role": "user", "content": "Is ice cold?"}, {"role": "assistant", "content": "It is."}]}
            {"messages": [{"role": "user", "content": "Is it?"}, {"role": "assistant", "content": "A zebra."}]}
            """);
        Cli.run(screen("out", rows), "--model", model.toString())
                .refused(rows + ", line 2: has the token " + size + ", and the model's vocabulary ends with "
                        + (size - 1) + ": the tokenizer is another model's");
    }

    /** Of the line "activations". */
    private static long mebibytes(Cli plan) {
        Matcher line = Pattern.compile("activations +([0-9,]+) MiB").matcher(plan.out());
        assertThat(line.find()).as(plan.out()).isTrue();
        return Long.parseLong(line.group(1).replace(",", ""));
    }

    @Test
    void whatIsWrongIsNamed() throws IOException {
        Path data = data();
        Path probes = Files.writeString(temp.resolve("probes.jsonl"), """
            {"id": "a", "kind": "belief", "messages": [{"role": "user", "content": "?"}], "truthful": "x", "untruthful": "y"}
            """);
        Cli.run(screen("out", data), "--probes", probes.toString())
                .refused("has no probe of the kind \"pressure\"", "--probes");
        Path longer = Files.writeString(
                temp.resolve("long.jsonl"),
                "{\"messages\": [{\"role\": \"user\", \"content\": \"" + "cup ".repeat(3000)
                        + "\"}, {\"role\": \"assistant\", \"content\": \"cup\"}]}\n");
        Cli.run(screen("out", longer)).refused("long.jsonl, line 1: has ", "of the model's context", "--max-length");
        Path none = Files.writeString(temp.resolve("none.jsonl"), "");
        Cli.run(screen("out", none)).refused(List.of(none) + ": there is no row to learn from: 0 could not be used");
        Cli.run(screen("out", data), "--calibrate", "1").refused("--calibrate 1: give 2 to 64, or 0 for none");
        Cli.run(screen("out", data), "--learning-rate", "Infinity").refused("--learning-rate Infinity: give a number");
        List<String> once = new ArrayList<>(screen("out", data));
        once.set(once.indexOf("--warmup-steps") + 1, "1");
        Cli.run(once, "--learning-rate", "1e30")
                .refused("data.jsonl, line 1: its score by influence is ", ", not a finite number", "--learning-rate");
        assertThat(temp.resolve("out")).doesNotExist();
        Files.createDirectories(temp.resolve("there"));
        Files.writeString(temp.resolve("there/screen.json"), "{}");
        Cli.run(screen("there", data)).refused("holds a screening already", "--force", "--output");
    }
}
