package candor.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** From the command line, with the settings of {@code run.json}: what TRL's own trainers logged and wrote. */
class GoldenTrainTest {
    private static final Logger LOG = LoggerFactory.getLogger(GoldenTrainTest.class);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final double LOSS = 2e-5;
    private static final double GRAD_NORM = 1e-4;
    private static final double REST = 1e-3;
    private static final double ADAPTER = 1e-3;

    @TempDir
    Path temp;

    static Path golden(String model) {
        return Path.of(System.getProperty("candor.goldens"), model);
    }

    /** The golden's own run as a command line. */
    static List<String> arguments(String model, String method, Path output) throws IOException {
        Path golden = golden(model);
        JsonNode settings = JSON.readTree(
                        golden.resolve(method).resolve("run.json").toFile())
                .get("settings");
        List<String> args = new ArrayList<>(List.of(
                "train",
                method,
                "--model",
                golden.resolve("model").toString(),
                "--init-adapter",
                golden.resolve("adapter").toString(),
                "--data",
                golden.resolve(method).resolve("train.jsonl").toString(),
                "--output",
                output.toString(),
                "--no-shuffle",
                "--no-packing",
                "--logging-steps",
                "1"));
        settings.properties().forEach(entry -> {
            switch (entry.getKey()) {
                case "completion_only_loss", "loss_type" -> {} // what Candor does anyway
                case "lr_scheduler_type" -> {
                    args.add("--lr-scheduler-type");
                    args.add(entry.getValue()
                            .asText()
                            .replace("SchedulerType.", "")
                            .toLowerCase(Locale.ROOT));
                }
                default -> {
                    args.add("--" + entry.getKey().replace('_', '-'));
                    args.add(entry.getValue().asText());
                }
            }
        });
        if (method.equals("kto")) {
            args.addAll(List.of("--kl-pairing", "trl"));
        }
        return args;
    }

    static List<JsonNode> metrics(Path run) throws IOException {
        List<JsonNode> lines = new ArrayList<>();
        for (String line : Files.readAllLines(run.resolve("metrics.jsonl"))) {
            lines.add(JSON.readTree(line));
        }
        return lines;
    }

    @ParameterizedTest
    @CsvSource({
        "llama3,sft",
        "llama3,kto",
        "llama3,dpo",
        "qwen2,sft",
        "qwen2,kto",
        "qwen2,dpo",
        "qwen3,sft",
        "qwen3,kto",
        "qwen3,dpo",
        "mistral,sft",
        "mistral,kto",
        "mistral,dpo",
        "gemma3,sft",
        "gemma3,kto",
        "gemma3,dpo",
        "nf4,sft",
        "nf4,kto",
        "int8,sft",
        "int8,kto",
        "fp8,sft",
        "fp8,kto"
    })
    void theRunIsTheTrainersOwn(String model, String method) throws IOException {
        Path output = temp.resolve("run");
        Cli cli = Cli.run(arguments(model, method, output)).succeeded();
        Path golden = golden(model).resolve(method);
        JsonNode log = JSON.readTree(golden.resolve("run.json").toFile()).get("log");
        List<JsonNode> lines = metrics(output);
        assertThat(lines).hasSize(log.size());
        double loss = 0;
        double norm = 0;
        double rest = 0;
        for (int i = 0; i < log.size(); i++) {
            JsonNode ours = lines.get(i);
            JsonNode theirs = log.get(i);
            TreeSet<String> names = new TreeSet<>();
            theirs.fieldNames().forEachRemaining(names::add);
            for (String name : names) {
                double expected = theirs.get(name).asDouble();
                assertThat(ours.has(name)).as(name + " at step " + (i + 1)).isTrue();
                double got = ours.get(name).asDouble();
                String what = name + " at step " + (i + 1);
                switch (name) {
                    case "step", "epoch", "learning_rate" ->
                        assertThat(got).as(what).isCloseTo(expected, within(1e-16));
                    case "loss" -> {
                        assertThat(got).as(what).isCloseTo(expected, within(LOSS));
                        loss = Math.max(loss, Math.abs(got - expected));
                    }
                    case "grad_norm" -> {
                        assertThat(got).as(what).isCloseTo(expected, within(GRAD_NORM * expected));
                        norm = Math.max(norm, Math.abs(got / expected - 1));
                    }
                    default -> {
                        assertThat(got).as(what).isCloseTo(expected, within(REST));
                        rest = Math.max(rest, Math.abs(got - expected));
                    }
                }
            }
            for (String name : List.of("rewards/chosen", "rewards/rejected", "logps/chosen", "logps/rejected")) {
                assertThat(ours.has(name)).as(name).isEqualTo(theirs.has(name));
            }
        }
        Safe trained = Safe.adapter(output.resolve("adapter"));
        Safe expected = Safe.adapter(golden.resolve("adapter"));
        double distance = trained.distance(expected, Safe.adapter(golden(model).resolve("adapter")));
        assertThat(distance).isLessThan(ADAPTER);
        LOG.info(
                "{} {}: largest differences: loss {}, grad_norm (relative) {}, others {}, adapter (relative) {}",
                model,
                method,
                loss,
                norm,
                rest,
                distance);
        assertThat(cli.out()).isEqualTo(output.resolve("adapter") + System.lineSeparator());
    }

    /** What PEFT looks for, read without the engine: the same names, shapes and types as in the folder that PEFT wrote. */
    @ParameterizedTest
    @CsvSource({"llama3", "qwen2", "qwen3"})
    void theAdapterIsLaidOutAsPeftDoes(String model) throws IOException {
        Path output = temp.resolve("run");
        Cli.run(arguments(model, "sft", output), "--max-steps", "1").succeeded();
        Path golden = golden(model).resolve("sft").resolve("adapter");
        Safe ours = Safe.adapter(output.resolve("adapter"));
        Safe theirs = Safe.adapter(golden);
        assertThat(ours.tensors().keySet()).isEqualTo(theirs.tensors().keySet());
        for (String name : theirs.tensors().keySet()) {
            assertThat(ours.header().get(name).get("shape"))
                    .as(name)
                    .isEqualTo(theirs.header().get(name).get("shape"));
            assertThat(ours.header().get(name).get("dtype").asText()).as(name).isEqualTo("F32");
        }
        assertThat(ours.header().get("__metadata__").get("format").asText()).isEqualTo("pt");
        JsonNode config =
                JSON.readTree(output.resolve("adapter/adapter_config.json").toFile());
        JsonNode expected = JSON.readTree(golden.resolve("adapter_config.json").toFile());
        for (String key : List.of(
                "peft_type",
                "task_type",
                "r",
                "lora_alpha",
                "use_rslora",
                "use_dora",
                "bias",
                "lora_dropout",
                "fan_in_fan_out",
                "modules_to_save",
                "rank_pattern",
                "alpha_pattern",
                "layers_to_transform",
                "inference_mode")) {
            JsonNode value = config.get(key);
            if (expected.get(key).isNumber()) {
                assertThat(value.isNumber() ? value.doubleValue() : Double.NaN)
                        .as(key)
                        .isEqualTo(expected.get(key).doubleValue());
            } else {
                assertThat(value).as(key).isEqualTo(expected.get(key));
            }
        }
        assertThat(texts(config.get("target_modules"))).isEqualTo(texts(expected.get("target_modules")));
        assertThat(config.get("base_model_name_or_path").asText())
                .isEqualTo(golden(model).resolve("model").toString());
    }

    private static TreeSet<String> texts(JsonNode list) {
        TreeSet<String> texts = new TreeSet<>();
        list.forEach(text -> texts.add(text.asText()));
        return texts;
    }
}
