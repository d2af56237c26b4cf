package candor.study.record;

import candor.BadInput;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * A study: {@code study.json}.
 *
 * @param name for people
 * @param version of Candor
 * @param created when it began, as ISO 8601 has it
 * @param judge who judges, and how
 * @param config every setting, resolved
 * @param arms in the order in which they are shown
 * @param command that repeats it, word by word
 */
public record Study(
        StudyKind kind,
        String name,
        String version,
        String created,
        ModelInfo model,
        ObjectNode judge,
        ObjectNode config,
        List<Arm> arms,
        List<Metric> metrics,
        List<String> command) {
    public Study {
        arms = List.copyOf(arms);
        metrics = List.copyOf(metrics);
        command = List.copyOf(command);
        Set<String> names = new HashSet<>();
        for (Arm arm : arms) {
            // Folders of some systems do not tell small letters from large ones.
            if (!names.add(arm.name().toLowerCase(Locale.ROOT))) {
                throw new BadInput("the study has two arms named " + arm.name());
            }
        }
        Set<List<String>> measured = new HashSet<>();
        for (Metric metric : metrics) {
            if (!measured.add(List.of(metric.task(), metric.subset()))) {
                throw new BadInput("the study has two metrics of " + metric.task() + ", " + metric.subset());
            }
        }
    }

    public Optional<Arm> arm(String wanted) {
        return arms.stream().filter(arm -> arm.name().equals(wanted)).findFirst();
    }

    public Optional<Metric> metric(String task, String subset) {
        return metrics.stream()
                .filter(metric -> metric.task().equals(task) && metric.subset().equals(subset))
                .findFirst();
    }

    /** Whether a finished part belongs to this study. */
    public boolean has(Key key) {
        return metric(key.task(), key.subset()).isPresent()
                && arm(key.arm())
                        .filter(arm -> arm.seeds().contains(key.seed()))
                        .isPresent();
    }

    ObjectNode json() {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("kind", Fields.word(kind))
                .put("name", name)
                .put("version", version)
                .put("created", created);
        json.set("model", model.json());
        json.set("judge", judge);
        json.set("config", config);
        ArrayNode armList = json.putArray("arms");
        arms.forEach(arm -> armList.add(arm.json()));
        ArrayNode metricList = json.putArray("metrics");
        metrics.forEach(metric -> metricList.add(metric.json()));
        ArrayNode words = json.putArray("command");
        command.forEach(words::add);
        return json;
    }

    static Study read(Fields fields) {
        return fields.placed(() -> new Study(
                fields.word("kind", StudyKind.class),
                fields.text("name"),
                fields.text("version"),
                fields.text("created"),
                ModelInfo.read(fields.object("model")),
                fields.object("judge").node(),
                fields.object("config").node(),
                fields.objects("arms").stream().map(Arm::read).toList(),
                fields.objects("metrics").stream().map(Metric::read).toList(),
                fields.texts("command")));
    }
}
