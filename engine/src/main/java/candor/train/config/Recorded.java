package candor.train.config;

import candor.BadInput;
import candor.io.JsonRecord;
import candor.text.TemplateChoice;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** {@code run.json}, the record in a run's folder, as settings: what a run that is resumed need not be told again. */
public final class Recorded {
    /** The record's name within a run's folder. */
    public static final String FILE = "run.json";

    /** The record's key for the settings, by {@link Setting#key()}. */
    public static final String CONFIG = "config";

    /** The record's key for the folder that relative paths were meant from. */
    public static final String DIRECTORY = "directory";

    private static final Set<Setting<?>> PATHS = Set.of(
            TrainSettings.MODEL,
            TrainSettings.DATA,
            TrainSettings.MODEL_CONFIG,
            TrainSettings.TOKENIZER,
            TrainSettings.INIT_ADAPTER,
            TrainSettings.EVAL_DATA,
            TrainSettings.MIX_DATA,
            TrainSettings.MIX_RANKING,
            TrainSettings.PROBE_PENALTY_DATA,
            TrainSettings.HONESTY_DIRECTION,
            TrainSettings.LOGGING_DIR);

    private Recorded() {}

    /**
     * The record of a run's folder; nothing where no run was started there.
     *
     * @throws BadInput if what is there is no record
     */
    public static Optional<ObjectNode> json(Path folder) {
        try {
            return JsonRecord.read(folder.resolve(FILE));
        } catch (BadInput e) {
            throw e.butDo("it is not a run's record; choose another {output}");
        }
    }

    /** Where a run is resumed, what its record says lies below what was given; otherwise what was given. */
    static Settings below(TrainSettings.Method method, Settings given) {
        if (!given.has(TrainSettings.OUTPUT) || given.get(TrainSettings.RESUME).equals("false")) {
            return given;
        }
        Path folder = Path.of(given.get(TrainSettings.OUTPUT));
        Optional<ObjectNode> record = json(folder);
        if (record.isEmpty()) {
            if (!given.has(TrainSettings.DATA)) {
                throw new BadInput(folder + ": there is no " + FILE + " of a run to resume" + runsWithin(folder)
                        + "; give the folder of a run, or the settings of a new one");
            }
            return given;
        }
        Settings recorded = settings(folder.resolve(FILE), method, record.get());
        requireSameCount(given, recorded);
        return recorded.overriddenBy(given);
    }

    /** A sweep's folder has none itself, but its runs have. */
    private static String runsWithin(Path folder) {
        if (!Files.isDirectory(folder)) {
            return "";
        }
        try (Stream<Path> all = Files.list(folder)) {
            List<String> runs = all.filter(path -> Files.exists(path.resolve(FILE)))
                    .map(path -> path.getFileName().toString())
                    .sorted()
                    .toList();
            return runs.isEmpty()
                    ? ""
                    : " (it holds the runs " + String.join(", ", runs)
                            + ": resume a sweep with its --config, or one of them by its own folder)";
        } catch (IOException e) {
            return "";
        }
    }

    private static Settings settings(Path file, TrainSettings.Method method, ObjectNode record) {
        JsonNode config = record.path(CONFIG);
        String started = config.path(TrainSettings.METHOD.key()).asText("");
        String asked = Setting.Choice.name(method);
        if (!started.equals(asked)) {
            throw new BadInput(file + ": the run was started with method " + started + ", not " + asked
                    + (started.isEmpty() ? "" : "; resume it with train " + started));
        }
        Path directory = Path.of(record.path(DIRECTORY).asText(""));
        Map<String, Setting<?>> known = new LinkedHashMap<>();
        TrainSettings.of(method).forEach(setting -> known.put(setting.key(), setting));
        Settings settings = Settings.NONE;
        for (Map.Entry<String, JsonNode> entry : config.properties()) {
            List<String> texts = texts(entry.getValue());
            if (texts.isEmpty() || entry.getKey().equals(TrainSettings.METHOD.key())) {
                continue;
            }
            Setting<?> setting = known.get(entry.getKey());
            boolean path = PATHS.contains(setting)
                    || setting == TrainSettings.CHAT_TEMPLATE && TemplateChoice.isFile(texts.getFirst())
                    || setting == TrainSettings.HONESTY_PROBES
                            && !texts.getFirst().equals(TrainConfig.HonestyProbes.SHIPPED);
            settings = settings.with(
                    entry.getKey(),
                    path ? texts.stream().map(text -> from(directory, text)).toList() : texts,
                    file.toString());
        }
        return settings;
    }

    /** A path as it was meant; as it was written where the program runs in the same folder again. */
    private static String from(Path directory, String path) {
        boolean here = directory.equals(Path.of("").toAbsolutePath());
        return here ? path : directory.resolve(path).toString();
    }

    private static List<String> texts(JsonNode value) {
        List<String> texts = new ArrayList<>();
        if (value.isArray()) {
            value.forEach(each -> texts.add(each.asText()));
        } else if (!value.isNull()) {
            texts.add(value.asText());
        }
        return texts;
    }

    /** Steps win over epochs: more epochs would change nothing where the run counts steps, and that in silence. */
    private static void requireSameCount(Settings given, Settings recorded) {
        boolean epochsOnly = given.has(TrainSettings.NUM_TRAIN_EPOCHS) && !given.has(TrainSettings.MAX_STEPS);
        if (epochsOnly
                && recorded.get(TrainSettings.MAX_STEPS) > 0
                && !given.get(TrainSettings.NUM_TRAIN_EPOCHS).equals(recorded.get(TrainSettings.NUM_TRAIN_EPOCHS))) {
            throw new BadInput(given.origin(TrainSettings.NUM_TRAIN_EPOCHS) + ": the run was started with max_steps "
                    + recorded.get(TrainSettings.MAX_STEPS)
                    + ", which wins over epochs; give --max-steps to change how long it is");
        }
    }
}
