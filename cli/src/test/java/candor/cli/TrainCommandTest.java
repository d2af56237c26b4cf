package candor.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import candor.train.config.Setting;
import candor.train.config.TrainSettings;
import candor.train.config.TrainSettings.Method;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TrainCommandTest {
    private static final int KILLED = 137;
    private static final int SIGINT = 2;
    private static final int INTERRUPTED = 130;

    @TempDir
    Path temp;

    private static Path golden(String file) {
        return GoldenTrainTest.golden("qwen3").resolve(file);
    }

    private List<String> sft(Path output) {
        return List.of(
                "train", "sft",
                "--model", golden("model").toString(),
                "--data", golden("sft/train.jsonl").toString(),
                "--output", output.toString(),
                "--lora-rank", "4",
                "--max-length", "90",
                "--per-device-train-batch-size", "2",
                "--threads", "1");
    }

    @ParameterizedTest
    @CsvSource({"sft", "kto", "dpo", "full"})
    void helpListsEverySetting(String method) {
        Cli cli = Cli.run("train", method, "--help").succeeded();
        for (Setting<?> setting : TrainSettings.of(Method.valueOf(method.toUpperCase(Locale.ROOT)))) {
            String name = setting.kind() instanceof Setting.YesNo
                    ? "--[no-]" + setting.flag().substring(2)
                    : setting.flag();
            assertThat(cli.out()).contains(name);
        }
        assertThat(cli.out()).contains("--config").contains("Default: 1.0E-4.");
    }

    @Test
    void aYamlFileAndFlagsOnTop() throws IOException {
        Path config = Files.writeString(temp.resolve("run.yaml"), """
            # A comment.
            model: %s
            data:
              - %s
            output: %s
            lora_rank: 3
            lora_target_modules: [q_proj, v_proj]
            learning_rate: 5e-3
            max_length: 90
            max_steps: 9
            shuffle: false
            threads: 1
            """.formatted(
                        golden("model"), golden("sft/train.jsonl"), temp.resolve("run")));
        Cli.run("train", "sft", "--config", config.toString(), "--max-steps", "2", "--shuffle")
                .succeeded();
        JsonNode record =
                new ObjectMapper().readTree(temp.resolve("run/run.json").toFile());
        assertThat(record.get("status").asText()).isEqualTo("done");
        assertThat(record.get("config").get("lora_rank").asInt()).isEqualTo(3);
        assertThat(record.get("config").get("max_steps").asInt()).isEqualTo(2);
        assertThat(record.get("config").get("shuffle").asBoolean()).isTrue();
        assertThat(record.get("config").get("learning_rate").asDouble()).isEqualTo(0.005);
        assertThat(record.get("inputs").get("data/0").asText()).matches("[0-9a-f]{64}");
        assertThat(record.get("candor").asText()).isEqualTo(Version.project());
        assertThat(record.get("start").asText())
                .isLessThanOrEqualTo(record.get("end").asText());
    }

    @Test
    void aRunInTheNamesOfOtherTrainers() throws IOException {
        Path config = Files.writeString(temp.resolve("run.yaml"), """
            model_name_or_path: %s
            lora_target: all
            cutoff_len: 90
            trust_remote_code: false
            """.formatted(golden("model")));
        Path run = temp.resolve("run");
        List<String> line = List.of(
                "train",
                "sft",
                "--config",
                config.toString(),
                "--train_file",
                golden("sft/train.jsonl").toString(),
                "--output-dir",
                run.toString(),
                "--lora_r",
                "2",
                "--batch_size",
                "2",
                "--max_steps",
                "2",
                "--gradient-checkpointing",
                "True",
                "--packing",
                "False",
                "--logging-dir",
                temp.resolve("logs").toString(),
                "--optim",
                "adamw_torch",
                "--bf16",
                "--num-threads",
                "1");
        Cli.run(line).succeeded();
        JsonNode set =
                new ObjectMapper().readTree(run.resolve("run.json").toFile()).get("config");
        assertThat(set.get("lora_rank").asInt()).isEqualTo(2);
        assertThat(set.get("recompute").asText()).isEqualTo("full");
        assertThat(set.get("max_length").asInt()).isEqualTo(90);
        assertThat(set.get("lora_target_modules")).hasSize(7);
        assertThat(temp.resolve("logs")).isNotEmptyDirectory();
        assertThat(run.resolve("tensorboard")).doesNotExist();
        Cli.run(line, "--resume-from-checkpoint").succeeded();
        Cli.run(line, "--resume-from-checkpoint", run.resolve("checkpoints").toString())
                .succeeded();
        Cli.run(line).refused("holds a run already");
    }

    @Test
    void aMistypedKeyIsNamedWithItsLine() throws IOException {
        Path config = Files.writeString(temp.resolve("run.yaml"), "model: m\n\nlearning_rat: 1\n");
        Cli.run("train", "sft", "--config", config.toString())
                .refused("run.yaml, line 3: learning_rat: there is no such setting; did you mean learning_rate?");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "a: [1|cannot be read",
                "a: 'x|cannot be read",
                "- a|must hold lines of the form key: value",
                "a: &x 1\\nb: *x|line 2: aliases are not supported",
                "seed: 1\\nseed: 2|seed appears twice"
            })
    void yamlThatIsNoConfigurationIsRefused(String yaml, String why) throws IOException {
        Path config = Files.writeString(temp.resolve("run.yaml"), yaml.replace("\\n", "\n") + "\n");
        Cli.run("train", "sft", "--config", config.toString()).refused("run.yaml", why);
    }

    @Test
    void whatIsMissingOrWrongIsOneLine() {
        Cli.run("train", "sft").refused("--data is missing");
        Cli.run("train", "sft", "--config", temp.resolve("none.yaml").toString())
                .refused("none.yaml: there is no such file");
        Cli.run(sft(temp.resolve("run")), "--learning-rate", "fast").refused("--learning-rate");
        Cli.run(sft(temp.resolve("run")), "--init-adapter", temp.resolve("none").toString())
                .refused("--lora-rank: the adapter of");
        assertThat(temp.resolve("run")).doesNotExist();
    }

    @Test
    void aDivergedRunFailsWithStepAndRow() {
        Cli cli = Cli.run(sft(temp.resolve("run")), "--learning-rate", "1e30", "--max-steps", "5");
        assertThat(cli.code()).isEqualTo(ExitCode.FAILED);
        assertThat(cli.err())
                .contains("error: ")
                .contains("the loss is not finite at")
                .contains("train.jsonl, line")
                .contains("start a new run with a lower --learning-rate");
    }

    @Test
    void aDoneRunIsLeftAsItIs() throws IOException {
        Path run = temp.resolve("run");
        Cli.run(sft(run), "--max-steps", "1").succeeded();
        byte[] adapter = Files.readAllBytes(run.resolve("adapter/adapter_model.safetensors"));
        Cli.run(sft(run), "--max-steps", "1").refused("holds a run already");
        Cli.run(sft(run), "--max-steps", "1", "--resume").succeeded();
        Cli.run(sft(run), "--max-steps", "1", "--resume", "--seed", "7").refused("started with seed 42, not 7");
        assertThat(run.resolve("adapter/adapter_model.safetensors")).hasBinaryContent(adapter);
    }

    @Test
    void resumeNeedsNothingButTheFolder() throws IOException {
        Path run = temp.resolve("run");
        String[] constant = {"--lr-scheduler-type", "constant", "--learning-rate", "0.01", "--max-steps"};
        Cli.run(sft(run), with(constant, "2")).succeeded();
        Cli.run("train", "sft", "--output", run.toString(), "--resume").succeeded();
        Cli.run("plan", "sft", "--output", run.toString(), "--resume", "--max-steps", "3")
                .succeeded();
        Cli more = Cli.run("train", "sft", "--resume", "--max-steps", "4", "--output", run.toString())
                .succeeded();
        assertThat(more.out()).isEqualTo(run.resolve("adapter") + "\n");
        Path whole = temp.resolve("whole");
        Cli.run(sft(whole), with(constant, "4")).succeeded();
        assertThat(run.resolve("adapter/adapter_model.safetensors"))
                .hasSameBinaryContentAs(whole.resolve("adapter/adapter_model.safetensors"));
        assertThat(GoldenTrainTest.metrics(run)).hasSize(4);
    }

    private static String[] with(String[] settings, String last) {
        List<String> all = new ArrayList<>(List.of(settings));
        all.add(last);
        return all.toArray(String[]::new);
    }

    @Test
    void resumeRefusesWhatWouldChangeTheResult() throws IOException {
        Path run = temp.resolve("run");
        Cli.run(sft(run), "--max-steps", "2").succeeded();
        String[] resume = {"train", "sft", "--output", run.toString(), "--resume"};
        Cli.run(List.of(resume), "--lora-rank", "8", "--learning-rate", "0.5")
                .refused("started with lora_rank 4, learning_rate 1.0E-4, not 8, 0.5");
        Cli.run(List.of(resume), "--max-steps", "3").refused("cannot become 3 steps long instead of 2", "cosine");
        Cli.run(List.of(resume), "--num-train-epochs", "3")
                .refused("--num-train-epochs: the run was started with max_steps 2, which wins over epochs");
        Cli.run("train", "kto", "--output", run.toString(), "--resume")
                .refused("started with method sft, not kto; resume it with train sft");
        Cli.run("train", "sft", "--output", temp.resolve("none").toString(), "--resume")
                .refused("none: there is no run.json of a run to resume; give the folder of a run");
        Cli.run("train", "sft", "--output", temp.toString(), "--resume")
                .refused("it holds the runs run: resume a sweep");
    }

    /** Paths in a record are meant from the folder that the run was started in. */
    @Test
    void aRunIsResumedFromAnotherFolder() throws Exception {
        Path run = temp.resolve("run");
        Cli.run(sft(run), "--max-steps", "1", "--lr-scheduler-type", "constant").succeeded();
        Path file = run.resolve("run.json");
        ObjectNode record = (ObjectNode) new ObjectMapper().readTree(file.toFile());
        assertThat(record.get("directory").asText())
                .isEqualTo(Path.of("").toAbsolutePath().toString());
        Path elsewhere = Path.of(GoldenTrainTest.golden("qwen3").toString()).toAbsolutePath();
        record.put("directory", elsewhere.toString());
        ObjectNode config = (ObjectNode) record.get("config");
        config.put("model", "model");
        config.putArray("data").add("sft/train.jsonl");
        Files.writeString(file, record.toString());
        Cli.run("train", "sft", "--output", run.toString(), "--resume", "--max-steps", "2")
                .succeeded();
        assertThat(GoldenTrainTest.metrics(run)).hasSize(2);
    }

    @Test
    void evaluationOnHeldOutRows() throws IOException {
        Path run = temp.resolve("run");
        Cli.run(
                        sft(run),
                        "--max-steps",
                        "5",
                        "--learning-rate",
                        "0.01",
                        "--eval-steps",
                        "2",
                        "--eval-data",
                        golden("sft/train.jsonl").toString())
                .succeeded();
        List<Integer> evaluated = new ArrayList<>();
        for (JsonNode line : GoldenTrainTest.metrics(run)) {
            if (line.has("eval_loss")) {
                evaluated.add(line.get("step").asInt());
            }
        }
        assertThat(evaluated).containsExactly(2, 4, 5);
        List<JsonNode> lines = GoldenTrainTest.metrics(run);
        assertThat(lines.getLast().get("eval_loss").asDouble())
                .isLessThan(lines.get(1).get("eval_loss").asDouble());
    }

    @Test
    void severalAdaptersFromOneFile() throws IOException {
        Path config = Files.writeString(temp.resolve("sweep.yaml"), """
            model: %s
            output: %s
            max_steps: 3
            max_length: 90
            per_device_train_batch_size: 2
            threads: 1
            runs:
              - name: small
                data: %s
                lora_rank: 2
              - name: preferences
                method: kto
                data: %s
                beta: 0.2
                learning_rate: 0.01
            """.formatted(
                        golden("model"), temp.resolve("sweep"), golden("sft/train.jsonl"), golden("kto/train.jsonl")));
        Cli cli = Cli.run("train", "sft", "--config", config.toString()).succeeded();
        assertThat(cli.out().lines())
                .containsExactly(
                        temp.resolve("sweep/small/adapter").toString(),
                        temp.resolve("sweep/preferences/adapter").toString());
        assertThat(GoldenTrainTest.metrics(temp.resolve("sweep/small"))).hasSize(3);
        assertThat(GoldenTrainTest.metrics(temp.resolve("sweep/preferences")))
                .hasSize(3)
                .allMatch(line -> line.has("kl"));
        Path alone = temp.resolve("alone");
        Cli.run(
                        "train",
                        "kto",
                        "--model",
                        golden("model").toString(),
                        "--data",
                        golden("kto/train.jsonl").toString(),
                        "--output",
                        alone.toString(),
                        "--max-steps",
                        "3",
                        "--max-length",
                        "90",
                        "--per-device-train-batch-size",
                        "2",
                        "--threads",
                        "1",
                        "--beta",
                        "0.2",
                        "--learning-rate",
                        "0.01")
                .succeeded();
        assertThat(alone.resolve("adapter/adapter_model.safetensors"))
                .hasSameBinaryContentAs(temp.resolve("sweep/preferences/adapter/adapter_model.safetensors"));
    }

    private List<String> dpo(Path data, Path output) {
        return List.of(
                "train", "dpo",
                "--model", golden("model").toString(),
                "--data", data.toString(),
                "--output", output.toString(),
                "--max-steps", "4",
                "--learning-rate", "0.01",
                "--per-device-train-batch-size", "2",
                "--threads", "1");
    }

    /** Held-out pairs, the best by a metric of pairs, a stop and a resume, and a plan of the same. */
    @Test
    void dpoFromPairs() throws IOException {
        List<String> whole = dpo(golden("dpo/train.jsonl"), temp.resolve("whole"));
        String[] held = {
            "--eval-split",
            "0.25",
            "--eval-steps",
            "2",
            "--load-best-model-at-end",
            "--metric-for-best-model",
            "rewards/margins"
        };
        Cli.run(whole, held).succeeded();
        JsonNode record =
                new ObjectMapper().readTree(temp.resolve("whole/run.json").toFile());
        assertThat(record.get("rows").asInt()).isEqualTo(24);
        assertThat(record.get("eval_rows").asInt()).isEqualTo(8);
        assertThat(record.get("best").get("metric").asText()).isEqualTo("eval_rewards/margins");
        List<JsonNode> lines = GoldenTrainTest.metrics(temp.resolve("whole"));
        for (String name : List.of("chosen", "rejected", "margins", "accuracies")) {
            assertThat(lines.getFirst().get("rewards/" + name).asDouble())
                    .as(name)
                    .isZero();
            assertThat(lines.get(1).get("eval_rewards/" + name).isNumber())
                    .as(name)
                    .isTrue();
        }
        assertThat(lines.getFirst().get("loss").asDouble()).isCloseTo(Math.log(2), within(1e-12));
        assertThat(temp.resolve("whole/reference.cache")).isNotEmptyFile();
        Path run = temp.resolve("run");
        List<String> constant = new ArrayList<>(dpo(golden("dpo/train.jsonl"), run));
        constant.addAll(List.of("--lr-scheduler-type", "constant", "--save-steps", "2", "--eval-split", "0.25"));
        constant.set(constant.indexOf("--max-steps") + 1, "2");
        Cli.run(constant).succeeded();
        Cli.run("train", "dpo", "--output", run.toString(), "--resume", "--max-steps", "4")
                .succeeded();
        List<String> longer = new ArrayList<>(dpo(golden("dpo/train.jsonl"), temp.resolve("long")));
        longer.addAll(List.of("--lr-scheduler-type", "constant", "--eval-split", "0.25"));
        Cli.run(longer).succeeded();
        assertThat(run.resolve("adapter/adapter_model.safetensors"))
                .hasSameBinaryContentAs(temp.resolve("long/adapter/adapter_model.safetensors"));
        List<String> plan = new ArrayList<>(whole);
        plan.set(0, "plan");
        plan.set(plan.indexOf("--output") + 1, temp.resolve("planned").toString());
        assertThat(Cli.run(plan, held).succeeded().out()).contains("24 rows");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{'prompt':'p','rejected':' r'} | line 1: the columns [prompt, rejected] are of no known layout:"
                        + " prompt, chosen, rejected",
                "{'prompt':'p','chosen':' c','rejected':' c'} | line 1: 'chosen' and 'rejected' are the same",
                "{'prompt':'p','chosen':'','rejected':3} | line 1: 'rejected' is a number, expected text",
                "{'prompt':'p','completion':' c','label':true} | line 1: the columns [prompt, completion, label] are"
                        + " of no known layout",
            })
    void whatDpoCannotCompareIsRefusedInOneLine(String row, String message) throws IOException {
        Path data = Files.writeString(temp.resolve("pairs.jsonl"), row.replace('\'', '"') + "\n");
        Cli.run(dpo(data, temp.resolve("run"))).refused(message);
        assertThat(temp.resolve("run")).doesNotExist();
    }

    /** A process of its own: what a signal does to it must not happen to the test. */
    private Process start(List<String> args, String... more) throws IOException {
        // Where a shell has started the tests in the background, SIGINT is ignored, here and in every process that
        // starts from here.
        List<String> command =
                new ArrayList<>(ignoresInterrupts() ? List.of("env", "--default-signal=INT") : List.of());
        command.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules=jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-DRUST_FLAVOR=cpu",
                "-Xmx512m",
                "-cp",
                System.getProperty("surefire.real.class.path", System.getProperty("java.class.path")),
                Candor.class.getName()));
        command.addAll(args);
        command.addAll(List.of(more));
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(temp.resolve("log-" + System.nanoTime()).toFile())
                .start();
    }

    /** By Linux's own account; elsewhere no. */
    private static boolean ignoresInterrupts() throws IOException {
        Path status = Path.of("/proc/self/status");
        if (!Files.exists(status)) {
            return false;
        }
        String ignored = Files.readAllLines(status).stream()
                .filter(line -> line.startsWith("SigIgn:"))
                .findFirst()
                .orElseThrow();
        return (Long.parseUnsignedLong(ignored.substring("SigIgn:".length()).strip(), 16) & 1L << SIGINT - 1) != 0;
    }

    private static void await(Path path, Process process) throws InterruptedException {
        while (!Files.exists(path)) {
            assertThat(process.isAlive()).isTrue();
            TimeUnit.MILLISECONDS.sleep(5);
        }
    }

    private void assertGoesOnToTheSame(Path run, String... more) throws IOException {
        Path whole = temp.resolve("whole");
        Cli.run(sft(whole), more).succeeded();
        List<String> resume = new ArrayList<>(List.of(more));
        resume.add("--resume");
        Cli.run(sft(run), resume.toArray(String[]::new)).succeeded();
        assertThat(run.resolve("adapter/adapter_model.safetensors"))
                .hasSameBinaryContentAs(whole.resolve("adapter/adapter_model.safetensors"));
        assertThat(GoldenTrainTest.metrics(run))
                .hasSize(GoldenTrainTest.metrics(whole).size());
    }

    @Test
    void killedAndResumed() throws Exception {
        Path run = temp.resolve("run");
        String[] settings = {"--max-steps", "60", "--save-steps", "1", "--learning-rate", "0.01"};
        Process process = start(sft(run), settings);
        await(run.resolve("checkpoints/step-2"), process);
        process.destroyForcibly();
        assertThat(process.waitFor()).isEqualTo(KILLED);
        assertThat(run.resolve("adapter")).doesNotExist();
        assertGoesOnToTheSame(run, settings);
    }

    @Test
    void interruptedAndResumed() throws Exception {
        Path run = temp.resolve("run");
        String[] settings = {"--max-steps", "400", "--save-steps", "0", "--learning-rate", "0.01"};
        Process process = start(sft(run), settings);
        await(run.resolve("run.json"), process);
        new ProcessBuilder("kill", "-INT", Long.toString(process.pid())).start().waitFor();
        assertThat(process.waitFor(120, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isEqualTo(INTERRUPTED);
        JsonNode record = new ObjectMapper().readTree(run.resolve("run.json").toFile());
        assertThat(record.get("status").asText()).isEqualTo("interrupted");
        assertThat(run.resolve("checkpoints/step-" + record.get("steps_done").asInt()))
                .isDirectory();
        assertGoesOnToTheSame(run, settings);
    }
}
