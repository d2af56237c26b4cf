package candor.study.protocol;

import candor.evaluate.benchmark.Benchmarks;
import candor.study.Schema;
import candor.study.Section;
import candor.train.config.Setting;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A preset as people read it, in YAML: every key that the study has, those that the preset leaves at our defaults too, each with where
 * its value comes from. Keys without a value are comments.
 */
public final class PresetText {
    private static final String OURS = "GUESSED: Candor's default";

    private final PresetNotes notes;
    private final List<String> lines = new ArrayList<>();

    private PresetText(PresetNotes notes) {
        this.notes = notes;
    }

    /** The preset of a protocol for a model. */
    public static String of(Protocols protocol, String name) {
        Section preset = Presets.read(protocol, name);
        PresetText text = new PresetText(new PresetNotes(Presets.lines(protocol, name)));
        text.lines.add("# candor study " + protocol.word() + " --preset " + name);
        text.section("", preset, protocol.schema(), Set.of());
        return String.join("\n", text.lines) + "\n";
    }

    /** @param above keys of the sections around it, which stand there */
    private void section(String path, Section section, Schema schema, Set<String> above) {
        for (Setting<?> setting : schema.settings()) {
            boolean further = schema.sections().keySet().stream()
                    .anyMatch(inner -> section.section(inner).has(setting));
            if (section.has(setting) || !above.contains(setting.key()) && !further) {
                key(path, section, setting);
            }
        }
        Set<String> known = new HashSet<>(above);
        schema.settings().forEach(setting -> known.add(setting.key()));
        for (Map.Entry<String, Schema> inner : schema.sections().entrySet()) {
            String name = inner.getKey();
            if (inner.getValue().anyKey()) {
                lines.add(indent(path) + "# " + name + ": yours to give. Keys and values of your own.");
            } else if (section.has(name) || Benchmarks.named(name).isEmpty()) {
                // A benchmark is in the study if its section is there.
                lines.add(indent(path) + name + ":");
                section(path + name + ".", section.section(name), inner.getValue(), known);
            }
        }
    }

    private void key(String path, Section section, Setting<?> setting) {
        String key = setting.key();
        boolean given = section.has(setting);
        String value = given ? section.written(key) : written(setting);
        if (value == null) {
            lines.add(indent(path) + "# " + key + ": yours to give, if it applies. " + setting.help());
            return;
        }
        String note = given ? notes.of(path + key) : OURS;
        if (note == null) {
            throw new IllegalStateException("a preset of ours does not say where " + path + key + " comes from");
        }
        lines.add(indent(path) + key + ": " + value + "  # " + note);
    }

    private static String written(Setting<?> setting) {
        return setting.fallback() instanceof List<?> list && !list.isEmpty()
                ? Section.written(list.stream().map(Object::toString).toList(), true)
                : setting.fallbackText()
                        .filter(text -> !text.isEmpty())
                        .map(text -> Section.written(List.of(text), false))
                        .orElse(null);
    }

    private static String indent(String path) {
        return "  ".repeat((int) path.chars().filter(c -> c == '.').count());
    }
}
