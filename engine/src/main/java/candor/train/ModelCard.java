package candor.train;

import candor.BadInput;
import candor.io.HubSnapshot;
import candor.io.IoReason;
import candor.lora.AdapterShape;
import candor.ops.AskedDtype;
import candor.probe.ProbeReading;
import candor.train.config.TrainConfig;
import candor.train.config.TrainSettings;
import candor.train.log.StepLog;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * The README.md of an adapter's folder: what it is an adapter of, how it was trained, on what, and how that went. It starts with
 * the front matter that PEFT writes and that model hubs read. Nothing in it depends on when or where it was written, so the same
 * run makes the same bytes.
 */
final class ModelCard {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** Settings that say where files are, what is shown, or what computes: not how the adapter came to be. */
    private static final Set<String> ELSEWHERE = Set.of(
            "backend",
            "config",
            "data",
            "eval_data",
            "honesty_direction",
            "honesty_probes",
            "init_adapter",
            "logging_dir",
            "logging_steps",
            "method",
            "mix_data",
            "mix_ranking",
            "model",
            "output",
            "probe_penalty_data",
            "recompute",
            "report_to",
            "resume",
            "save_steps",
            "save_total_limit",
            "threads");

    private static final List<String> SHOWN = List.of("loss", "eval_loss", ProbeReading.HONESTY, ProbeReading.BELIEF);

    private final TrainConfig config;
    private final Map<String, String> hashes;
    private final AdapterShape shape;
    private final Path run;

    /**
     * @param hashes SHA-256 of files, as {@link Inputs} names them
     * @param run    the run's folder, with its metrics
     */
    ModelCard(TrainConfig config, Map<String, String> hashes, AdapterShape shape, Path run) {
        this.config = config;
        this.hashes = hashes;
        this.shape = shape;
        this.run = run;
    }

    byte[] bytes() {
        String base = HubSnapshot.of(config.model())
                .map(HubSnapshot::repository)
                .orElseGet(() -> config.model().toString());
        String method = String.valueOf(config.resolved().get("method"));
        StringBuilder text = new StringBuilder();
        text.append("---\nbase_model: ").append(yaml(base));
        text.append("\nlibrary_name: peft\npipeline_tag: text-generation\ntags:\n- ");
        text.append(yaml("base_model:adapter:" + base))
                .append("\n- lora\n- ")
                .append(yaml(method))
                .append("\n---\n\n");
        text.append("# LoRA adapter of ").append(code(base)).append("\n\n");
        text.append("Trained with Candor by ").append(method.toUpperCase(Locale.ROOT));
        text.append(config.initAdapter() == null ? "" : ", continuing another adapter");
        text.append(": rank ")
                .append(shape.rank())
                .append(" on ")
                .append(shape.sites().size());
        text.append(
                " linear layers. `./candor chat --model BASE --adapter THIS_FOLDER` talks with it; PEFT loads it with");
        text.append(" `PeftModel.from_pretrained(base, THIS_FOLDER)`. The tokenizer's files are those it was trained"
                + " with.\n");
        table(text, "Settings", "setting", settings());
        table(text, "Data", "file and its SHA-256", data());
        table(text, "Metrics", "last value", metrics());
        text.append("\n"
                        + "## Licence\n\n"
                        + "An adapter is of use with its base only: the licence and conditions of the base hold"
                        + " for the two")
                .append(" together, and so do those of the data. This folder grants none: whoever shares it adds"
                        + " theirs.\n");
        return text.toString().getBytes(StandardCharsets.UTF_8);
    }

    private Map<String, String> settings() {
        Map<String, String> settings = new TreeMap<>();
        config.resolved().forEach((key, value) -> {
            String text = String.valueOf(value);
            boolean said = !key.equals(TrainSettings.DTYPE.key()) || !text.equals(AskedDtype.AUTO.word());
            if (value != null && said && !ELSEWHERE.contains(key)) {
                settings.put(key, text);
            }
        });
        return settings;
    }

    private Map<String, String> data() {
        Map<String, String> data = new LinkedHashMap<>();
        put(config.data(), "data/", data);
        put(config.mixing().data(), "mix_data/", data);
        return data;
    }

    private void put(List<Path> files, String role, Map<String, String> data) {
        for (int i = 0; i < files.size(); i++) {
            String name = files.get(i).getFileName().toString();
            data.put(data.containsKey(name) ? files.get(i).toString() : name, hashes.get(role + i));
        }
    }

    /** Those that come of the numbers alone, and not of the clock. */
    private Map<String, String> metrics() {
        Map<String, String> last = new LinkedHashMap<>();
        Path file = run.resolve(StepLog.FILE);
        if (!Files.exists(file)) {
            return last;
        }
        try (BufferedReader lines = Files.newBufferedReader(file)) {
            List<JsonNode> steps = new ArrayList<>();
            long written = Long.MAX_VALUE;
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                JsonNode metrics = JSON.readTree(line);
                steps.add(metrics);
                if (config.watch().best().load()) {
                    written = metrics.path("best_step").asLong(written);
                }
                written = metrics.path("honest_step").asLong(written);
            }
            for (JsonNode metrics : steps) {
                if (metrics.path("step").asLong() > written) {
                    break; // the folder has the weights of the best step, or of the last one before honesty dropped
                }
                for (String key : SHOWN) {
                    if (metrics.path(key).isNumber()) {
                        last.put(
                                key,
                                metrics.get(key).asText() + " (step "
                                        + metrics.path("step").asText() + ")");
                    }
                }
            }
        } catch (IOException e) {
            throw new BadInput(file + ": cannot be read: " + IoReason.of(e), e);
        }
        return last;
    }

    private static void table(StringBuilder text, String title, String what, Map<String, String> rows) {
        if (rows.isEmpty()) {
            return;
        }
        text.append("\n## ").append(title).append("\n\n| ").append(what).append(" | |\n|---|---|\n");
        rows.forEach((key, value) -> text.append("| ")
                .append(code(key))
                .append(" | ")
                .append(code(value))
                .append(" |\n"));
    }

    /** Text of files and settings as text, whatever characters it has. */
    private static String code(String text) {
        String plain = text.replaceAll("[\\p{Cntrl}`|]", "?");
        return plain.isBlank() ? "" : "`" + plain + "`";
    }

    private static String yaml(String text) {
        try {
            return text.matches("[A-Za-z0-9_./][A-Za-z0-9_./:-]*[A-Za-z0-9_./-]")
                    ? text
                    : JSON.writeValueAsString(text);
        } catch (IOException e) {
            throw new IllegalStateException("a text always makes JSON", e);
        }
    }
}
